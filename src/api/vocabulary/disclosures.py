"""The terms of disclosures (三公开)."""

from __future__ import annotations

TERMS: dict[str, dict[str, str]] = {
    "disclosure_regime": {
        "government_information": "政府信息公开",
        "party_affairs": "党务公开",
        "residents_affairs": "居务公开",
    },
    "disclosure_stage": {
        "prepared": "拟公开，待审查",
        "sent_back": "审查未通过",
        "reviewed": "审查通过，待公开",
        "published": "已公开",
        "withdrawn": "已撤回",
    },
    "disclosure_act": {
        "disclosure_prepared": "拟制",
        "disclosure_reviewed": "审查",
        "disclosure_published": "公开",
        "disclosure_corrected": "更正",
        "disclosure_withdrawn": "撤回",
        "disclosure_objection_raised": "收到异议",
        "disclosure_objection_decided": "异议处理",
        "leak_reported": "收到泄露报告",
    },
    "disclosure_reason": {
        "objection_upheld": "异议成立",
        "error_found": "自行发现错误",
        "recorded_later": "补录",
        "confidential": "涉密",
        "personal": "涉及个人信息",
        "issued_in_error": "误发",
        "project": "对项目公开",
        "process": "对过程公开",
        "evaluation": "对评价公开",
    },
    "disclosure_figure": {
        "cases": "诉求",
        "open": "在办",
        "overdue": "逾期未结",
        "cleared": "已办结",
        "cleared_in_time": "按时办结",
        "returns": "退单",
        "extensions": "延期",
        "contested": "重办或有异议",
        "reached": "回访到",
        "resolution_asked": "问到是否解决",
        "resolved": "已解决",
        "satisfaction_asked": "问到是否满意",
        "satisfied_on_call": "回访满意",
        "rated": "有评价",
        "poor_ratings": "差评",
        "poor_rectified": "差评已整改",
    },
    "disclosure_part": {"project": "项目公开", "process": "过程公开", "evaluation": "评价公开"},
}
