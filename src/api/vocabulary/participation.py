"""The terms of taking part: interaction, the six steps, pairings."""

from __future__ import annotations

TERMS: dict[str, dict[str, str]] = {
    # Codes of topics are a town's own; these are common ones.
    "opinion_topic": {
        "green-space": "绿化休闲",
        "parking": "停车",
        "property": "物业服务",
        "culture": "文体活动",
        "other": "其他",
    },
    "praise_target": {"office": "岗位", "organisation": "单位", "deed": "善行"},
    "six_steps": {
        "opinions_collected": "民意收集",
        "visits_made": "调查走访",
        "opinions_assessed": "意见研判",
        "decision_formed": "形成决策",
        "goals_set": "明确目标",
        "result_published": "公开结果",
    },
    "result_outcome": {
        "achieved": "已完成",
        "partly_achieved": "部分完成",
        "not_achieved": "未完成",
    },
    "pairing_form": {
        "branches": "社区党总支与村党支部",
        "units": "企业、社会组织帮扶",
        "members": "委员帮户",
    },
    "household_type": {"poor": "贫困户", "able": "能人大户"},
    "pairing_theme": {
        "new_civic_customs": "新民风",
        "party_building": "党建联建",
        "industry": "产业帮扶",
        "employment": "就业帮扶",
        "visit": "走访慰问",
        "other": "其他",
    },
    "pairing_end": {
        "goals_reached": "目标完成",
        "agreed": "双方协商",
        "partner_gone": "一方撤销或迁离",
        "formed_in_error": "登记有误",
    },
}
