"""The terms of service: orders, posts, assistance, outreach and joint action."""

from __future__ import annotations

TERMS: dict[str, dict[str, str]] = {
    "order_stage": {
        "drafted": "待点单",
        "chosen": "待接单",
        "claimed": "服务中",
        "delivered": "待确认",
        "confirmed": "已确认",
    },
    "help_category": {
        "visit": "走访慰问",
        "care": "生活照料",
        "medical": "就医陪护",
        "study": "助学",
        "work": "就业帮扶",
        "repair": "维修",
        "paperwork": "办事协助",
        "other": "其他",
    },
    "outreach_theme": {"policy": "政策", "science": "科普"},
    "strand": {
        "organisation": "组织联动",
        "members": "党员联管",
        "activities": "活动联抓",
        "resources": "资源联用",
        "services": "服务联办",
        "civility": "文明联创",
        "environment": "环境联治",
        "security": "治安联防",
        "association_meeting": "联合会会议",
    },
    # Codes of services are a town's own; these are common ones.
    "service_category": {
        "clean-up": "环境整治",
        "elder-care": "敬老助老",
        "mediation": "邻里调解",
        "patrol": "治安巡逻",
        "study": "助学",
    },
}
"""Vocabulary -> code -> term."""
