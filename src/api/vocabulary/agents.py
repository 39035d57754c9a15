"""The terms of agents, promises and places."""

from __future__ import annotations

TERMS: dict[str, dict[str, str]] = {
    "time_unit": {
        "minutes": "分钟",
        "hours": "小时",
        "working_hours": "个工作小时",
        "working_days": "个工作日",
    },
    "place_type": {
        "party_school": "社区党校",
        "seniors_university": "老年大学",
        "mass_organisations_home": "群团之家",
        "mediation_room": "调解室",
        "volunteer_centre": "志愿服务中心",
        "shop": "小商店",
        "tutoring_room": "小辅导室",
        "care_room": "小照料间",
        "financial_point": "小金融服务点",
        "fire_point": "小消防站",
    },
    "inspection_finding": {"fit": "合格", "to_be_rectified": "限期整改"},
    "closing_ground": {"moved": "迁址", "merged": "合并", "unused": "使用率低", "unfit": "不合格"},
    "weekday": {
        "1": "周一", "2": "周二", "3": "周三", "4": "周四", "5": "周五", "6": "周六", "7": "周日",
    },
    # Codes of use and of issues are a town's own; these are common ones.
    "place_use": {
        "calligraphy-class": "书法班",
        "mediation": "调解",
        "meeting": "会议",
        "study": "学习",
        "tutoring": "课后辅导",
    },
    "place_issue": {"extinguisher-expired": "灭火器过期", "hours-not-posted": "未公示开放时间"},
}  # fmt: skip
"""Vocabulary -> code -> term."""
