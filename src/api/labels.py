"""The Chinese terms, as the domain has them, for what the views name by code."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from api.vocabulary import (
    agents,
    cooperation,
    disclosures,
    participation,
    volunteering,
    windows,
)
from ledger.access.reading import EVERY, ReadingPurpose
from projections.reading import Rate

SHANGHAI = ZoneInfo("Asia/Shanghai")

TERMS = {
    "stage": {
        "filed": "已登记",
        "accepted": "已受理",
        "dispatched": "已派单",
        "in_hand": "办理中",
        "answered": "已答复，待审核",
        "answer_accepted": "答复通过，待办结",
        "cleared": "已办结",
        "reopened": "重办，待派单",
        "disputed": "办结有异议，待裁定",
        "struck_off": "已销号",
        "declined": "不予受理",
        "redirected": "已转送",
        "merged": "已合并",
        "withdrawn": "已撤回",
    },
    "case_figure": {
        "open": "在办的事项",
        "overdue": "逾期未结的事项",
        "cleared": "已办结的事项",
        "cleared_in_time": "按时办结的事项",
        "cleared_late": "超期办结的事项",
        "cleared_without_term": "没有时限的办结事项",
        "on_time_excluded": "按时率中剔除的事项",
        "returned": "退过单的事项",
        "extended": "延过期的事项",
        "contested": "重办或有异议的事项",
        "paused": "暂停计时的事项",
        "supervised": "督办的事项",
        "provisional": "时限暂定的事项",
    },
    "judged_figure": {
        "reached": "回访到的事项",
        "unreachable": "回访联系不上的事项",
        "refused": "拒绝回访的事项",
        "not_called_back": "尚未回访的事项",
        "resolved": "回访确认已解决的事项",
        "unresolved": "回访表示未解决的事项",
        "satisfied": "回访表示满意的事项",
        "unsatisfied": "回访表示不满意的事项",
        "rated": "有评价的事项",
        "poorly_rated": "收到差评的事项",
        "rectified": "差评已整改的事项",
        "contested": "重办或有异议的事项",
        "resolution_excluded": "解决率中剔除的事项",
        "satisfaction_excluded": "满意率中剔除的事项",
    },
    "call_outcome": {"reached": "已回访", "unreachable": "联系不上", "refused": "不愿回访"},
    "satisfaction": {
        "very_satisfied": "很满意",
        "satisfied": "满意",
        "fairly_satisfied": "基本满意",
        "dissatisfied": "不满意",
        "very_dissatisfied": "非常不满意",
    },
    "metric": {"on_time": "按时率", "resolution": "解决率", "satisfaction": "满意率"},
    "whistle_stage": {"blown": "进行中", "cleared": "已销哨", "countermanded": "已撤哨"},
    "category": {
        "inquiry": "咨询",
        "help": "求助",
        "complaint": "投诉",
        "report": "举报",
        "suggestion": "建议",
        "praise": "表扬",
    },
    "grade": {
        "emergency": "特急",
        "utilities": "水电气暖",
        "ordinary": "普通",
        "complex": "复杂",
        "urgent": "紧急",
        "hard": "疑难",
    },
    "ground": {
        "beyond_local_powers": "超出社区权限",
        "joint_enforcement": "联合执法",
        "emergency": "应急处置",
    },
    "holder_type": {"person": "个人", "household": "家庭", "unit": "单位"},
    "posting": {
        "awarded": "入账",
        "redeemed": "兑换",
        "reversed": "冲正",
        "donated": "捐赠",
        "expired": "到期",
    },
    # Codes of deeds are a town's own; these are common ones.
    "deed_category": {
        "clean-up": "环境整治",
        "elder-care": "敬老助老",
        "mediation": "邻里调解",
        "open-classroom": "场地开放",
        "patrol": "治安巡逻",
    },
    "bank_account": {
        "issued": "发放",
        "redeemed": "兑换",
        "donated": "公益",
        "expired": "到期",
    },
    "deed_stage": {
        "claimed": "已申报",
        "verified": "已核实",
        "rejected": "未予认定",
        "in_publicity": "公示",
        "awarded": "已入账",
    },
    "reward_type": {"goods": "实物", "voucher": "商家优惠", "outing": "文体活动"},
    "budget_line": {
        "activity": "活动经费",
        "party_work": "党建工作经费",
        "allowance": "专职干部补贴",
    },
    "fund_act": {
        "fund_appropriated": "拨付",
        "fund_committed": "列支",
        "fund_spent": "支出",
        "fund_returned": "退回",
        "fund_audited": "审计",
    },
    "finding": {"in_order": "账实相符", "irregular": "发现问题"},
    "donor_type": {"organisation": "单位", "person": "个人", "anonymous": "匿名"},
    "donation_purpose": {
        "love_bank": "爱心银行",
        "project": "共建项目",
        "households": "帮扶困难家庭",
        "unrestricted": "不限定用途",
    },
    "goods_unit": {
        "piece": "件",
        "set": "套",
        "box": "箱",
        "bag": "袋",
        "bottle": "瓶",
        "kilogram": "公斤",
    },
    "return_ground": {
        "donor_asked": "捐赠人要求",
        "purpose_gone": "用途已不存在",
        "not_needed": "用后有余",
        "unfit": "物品不合用",
    },
    "which_deeds": {
        "in_publicity": "公示中的善行",
        "contested": "有异议的善行",
        "awarded": "已入账的善行",
    },
    "period_stage": {
        "opened": "进行中",
        "sealed": "已封存，公示中",
        "appealed": "申诉核查中",
        "to_be_resealed": "申诉成立，待重新封存",
        "published": "已公布",
    },
    "appeal_outcome": {
        "under_examination": "受理核查",
        "upheld": "申诉成立",
        "dismissed": "申诉不成立",
    },
    "honour": {"circular": "通报表扬", "award": "表彰"},
    "rescission": {
        "issued_in_error": "发文有误",
        "obtained_by_falsehood": "弄虚作假",
        "later_misconduct": "后有严重失信或违纪违法",
        "declined": "本人或单位不愿接受",
    },
    "reading_purpose": {purpose.value: purpose.term for purpose in ReadingPurpose},
    "field": {
        EVERY: "全部封存内容",
        "address": "地址",
        "answer": "答复",
        "assessment": "研判",
        "comment": "意见",
        "contact": "联系方式（更正）",
        "content": "文字内容（更正）",
        "context": "同一人的其他记录",
        "description": "善行经过",
        "details": "诉求内容",
        "education": "学历",
        "explanation": "情况说明",
        "findings": "走访情况",
        "guardian": "监护人",
        "identity": "姓名（更正）",
        "measures": "整改措施",
        "name": "姓名",
        "note": "备注",
        "profile": "学历（更正）",
        "reason": "理由",
        "reply": "反馈",
        "result": "结果",
        "statement": "陈述",
        "summary": "民意归纳",
        "telephone": "电话",
        "text": "意见内容",
        "words": "点赞留言",
    },
    "office": {
        "secretary": "书记",
        "committee_member": "委员",
        "part_time_committee_member": "兼职委员",
        "residents_committee_member": "居委会委员",
        "area_head": "片区长",
        "building_head": "楼栋长",
        "cluster_head": "中心户长",
        "clerk_a": "经办员",
        "clerk_b": "经办员（备岗）",
        "agent": "代办员",
        "reviewer": "审核员",
        "member": "党员",
        "volunteer": "志愿者",
        "resident": "诉求人",
        "auditor": "审计员",
        "timekeeper": "计时",
        "public": "公众",
    },
    "personal_data_act": {
        "consent_given": "同意",
        "consent_withdrawn": "撤回同意",
        "access_requested": "查阅",
        "personal_data_corrected": "更正",
        "personal_data_erased": "删除",
        "legal_hold_placed": "依法留存",
        "legal_hold_released": "解除留存",
    },
    "consent_purpose": {
        "show_masked_name": "隐名公示",
        "show_name": "实名公示",
        "show_field": "公开一项内容",
        "be_called_back": "接受回访",
        "be_contacted_by_handler": "由承办单位直接联系",
        "take_part_in_ranking": "参加排名",
    },
    "held_for": {
        "contact": "联系方式",
        "identity": "身份信息",
        "content": "诉求内容",
        "profile": "人员情况",
    },
    "erasure_basis": {
        "request": "本人要求",
        "withdrawal": "撤回同意或诉求",
        "retention_over": "保存期限届满",
    },
    "hold_basis": {
        "archives": "归档",
        "dispute": "争议处理",
        "audit": "审计监督",
        "court": "司法程序",
    },
    "organisation": {
        "county_office": "县级督办机构",
        "town_committee": "镇党委",
        "town_government": "镇政府",
        "hotline_centre": "热线中心",
        "community_branch": "社区党总支",
        "residents_committee": "居民委员会",
        "residents_supervision": "居务监督委员会",
        "general_branch": "党总支",
        "industry_branch": "行业党支部",
        "party_subgroup": "党小组",
        "joint_conference": "联席会",
        "community_association": "社区联合会",
        "department": "部门",
        "resident_unit": "驻区单位",
        "enterprise": "企业",
        "social_organisation": "社会组织",
        "village_branch": "村党支部",
        "village_enterprise": "村办企业",
        "cooperative": "合作社",
    },
    **participation.TERMS,
    **volunteering.TERMS,
    **agents.TERMS,
    **cooperation.TERMS,
    **windows.TERMS,
    **disclosures.TERMS,
}
"""Vocabulary -> code -> term; a code without a term is shown as it is."""


def term(vocabulary: str, code: str | None) -> str:
    """The term of a code; a dash for none."""
    return "—" if not code else TERMS[vocabulary].get(code, code)


def moment(when: datetime | None) -> str:
    """A time as residents read it, in their own zone."""
    if when is None:
        return "—"
    local = when.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def day(when: datetime | None) -> str:
    """Day and time of day, with the year: a case may be from any."""
    return "—" if when is None else f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def date(when: datetime) -> str:
    """The day alone."""
    return f"{when.astimezone(SHANGHAI):%Y-%m-%d}"


def percent(rate: Rate) -> str:
    """The share alone; a dash where there is nothing to share."""
    return f"{100 * rate.numerator / rate.denominator:.1f}%" if rate.denominator else "—"


def per_hundred(rate: Rate) -> str:
    """How many on a hundred; a dash where there is nothing to share."""
    return f"{100 * rate.numerator / rate.denominator:.1f}" if rate.denominator else "—"


def yuan(fen: int | None) -> str:
    """An amount of fen in yuan, to the fen; what is not told is not listed."""
    if fen is None:
        return "不列"
    sign, amount = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{amount // 100:,}.{amount % 100:02}元"


def days(amount: int | None) -> str:
    """Whole days; a dash for none."""
    return "—" if amount is None else f"{amount}天"


def minutes(amount: int | None) -> str:
    """A duration in the unit that reads best."""
    if amount is None:
        return "—"
    if amount < 60:
        return f"{amount}分钟"
    if amount < 48 * 60:
        return f"{amount / 60:.1f}小时"
    return f"{amount / 1440:.1f}天"
