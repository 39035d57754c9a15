"""The terms of what communities and units do together: three lists, joint projects."""

from __future__ import annotations

TERMS: dict[str, dict[str, str]] = {
    "list_type": {"needs": "需求清单", "resources": "资源清单", "projects": "项目清单"},
    "item_scope": {"common": "共性", "individual": "个性"},
    "item_stage": {
        "open": "待对接",
        "matched": "已对接",
        "done": "已兑现",
        "delisted": "已移出",
    },
    "delisting_reason": {
        "met": "已满足",
        "withdrawn": "撤回",
        "out_of_date": "已过期",
        "in_error": "误录",
    },
    "project_type": {
        "assistance": "帮扶项目",
        "service": "便民服务",
        "environment": "环境整治",
        "culture": "文明文化",
        "safety": "平安建设",
    },
    "project_stage": {
        "proposed": "已提出",
        "refused": "未立项",
        "approved": "已立项",
        "in_progress": "实施中",
        "completed": "已完成，待验收",
        "accepted": "已验收",
    },
    "project_act": {
        "project_proposed": "提出",
        "project_joined": "单位参与",
        "project_approved": "立项",
        "project_progressed": "进展",
        "project_completed": "完成",
        "project_accepted": "验收",
    },
}
