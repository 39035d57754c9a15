"""Service requests of New York City's 311 line (NYC Open Data, 311 Service Requests)."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from api.imports import new_york
from api.imports.local_time import required_time_of, time_of
from api.imports.source import Body, Case, Row, Source, Unmappable, identifier, subject, text_of
from ledger.decision import OrganisationType
from ledger.domain.requests.requests import Category, Channel
from ledger.domain.rules.rules import Grade

NAME = "nyc-311"

_AGENCIES = (
    ("DCWP", "消费者与劳工保护局", "Department of Consumer and Worker Protection"),
    ("DEP", "环境保护局", "Department of Environmental Protection"),
    ("DHS", "无家可归者服务局", "Department of Homeless Services"),
    ("DOB", "建筑局", "Department of Buildings"),
    ("DOE", "教育局", "Department of Education"),
    ("DOHMH", "健康与心理卫生局", "Department of Health and Mental Hygiene"),
    ("DOT", "交通局", "Department of Transportation"),
    ("DPR", "公园局", "Department of Parks and Recreation"),
    ("DSNY", "环卫局", "Department of Sanitation"),
    ("EDC", "经济发展公司", "Economic Development Corporation"),
    ("HPD", "住房保护与发展局", "Department of Housing Preservation and Development"),
    ("NYPD", "警察局", "New York City Police Department"),
    ("TLC", "出租车委员会", "Taxi and Limousine Commission"),
)
_SUBJECTS = (
    ("Abandoned Vehicle", "废弃车辆"),
    ("Animal-Abuse", "虐待动物"),
    ("Blocked Driveway", "堵塞车道"),
    ("Commercial Disposal Complaint", "商业垃圾处置"),
    ("Consumer Complaint", "消费投诉"),
    ("Damaged Tree", "受损树木"),
    ("Dead Animal", "动物尸体"),
    ("Dirty Condition", "脏乱"),
    ("Drinking", "公共场所饮酒"),
    ("Drug Activity", "毒品活动"),
    ("Electric", "供电"),
    ("Encampment", "露宿营地"),
    ("Food Establishment", "餐饮场所"),
    ("For Hire Vehicle Complaint", "网约车投诉"),
    ("Graffiti", "涂鸦"),
    ("Heat/Hot Water", "供暖与热水"),
    ("Homeless Person Assistance", "救助无家可归者"),
    ("Illegal Dumping", "乱倒垃圾"),
    ("Illegal Fireworks", "非法燃放烟花"),
    ("Illegal Parking", "违章停车"),
    ("Illegal Tree Damage", "毁坏树木"),
    ("Litter Basket Request", "申请垃圾箱"),
    ("Maintenance or Facility", "设施维护"),
    ("Missed Collection", "漏收垃圾"),
    ("New Tree Request", "申请植树"),
    ("Noise", "噪声"),
    ("Noise - Commercial", "商业噪声"),
    ("Noise - Park", "公园噪声"),
    ("Noise - Residential", "住宅噪声"),
    ("Noise - Street/Sidewalk", "街道噪声"),
    ("Noise - Vehicle", "车辆噪声"),
    ("Non-Emergency Police Matter", "非紧急警务"),
    ("Paint/Plaster", "油漆与墙面"),
    ("Panhandling", "乞讨"),
    ("Plumbing", "管道"),
    ("Rodent", "鼠患"),
    ("Safety", "安全"),
    ("Sidewalk Condition", "人行道状况"),
    ("Street Condition", "道路状况"),
    ("Street Light Condition", "路灯状况"),
    ("Traffic", "交通"),
    ("Unsanitary Condition", "不卫生状况"),
    ("Vendor Enforcement", "摊贩执法"),
    ("Violation of Park Rules", "违反公园规定"),
    ("Water Leak", "漏水"),
    ("Water System", "供水系统"),
)
_HELP = frozenset({"homeless-person-assistance", "litter-basket-request", "new-tree-request"})
_UTILITIES = frozenset({"electric", "heat-hot-water", "street-light-condition", "water-leak"})
_CHANNELS = {"ONLINE": Channel.ONLINE, "MOBILE": Channel.ONLINE}
"""All others, `UNKNOWN` among them, came by the line itself."""
_CLOSED = "Closed"


def source() -> Source:
    """How such a file reads."""
    return Source(
        name=NAME,
        key="unique_key",
        columns=(
            "unique_key", "created_date", "closed_date", "agency", "complaint_type", "descriptor",
            "status", "resolution_description", "community_board", "open_data_channel_type",
            "incident_address",
        ),
        zone=new_york.clock(),
        origin=new_york.ORIGIN,
        town=new_york.TOWN,
        hotline=Body("nyc-311", OrganisationType.HOTLINE_CENTRE, "311市民热线 NYC 311"),
        communities=new_york.boards(),
        handlers=tuple(
            Body(_agency(code), OrganisationType.DEPARTMENT, f"{chinese} {name}")
            for code, chinese, name in _AGENCIES
        ),
        subjects=tuple(subject(name, chinese) for name, chinese in _SUBJECTS),
        case=partial(_case, zone=new_york.clock()),
    )  # fmt: skip


def _agency(code: str) -> str:
    return f"nyc-{identifier(code)}"[:64].rstrip("-")


def _case(row: Row, zone: ZoneInfo) -> Case:
    topic = identifier(text_of(row, "complaint_type") or "unstated")
    filed_at = required_time_of(row, "created_date", zone)
    closed_at = time_of(row, "closed_date", zone, filed_at)
    is_closed = text_of(row, "status") == _CLOSED
    if is_closed and closed_at is None:
        raise Unmappable("missing_date", "closed without a closed_date", "its date", "closed_date")
    if closed_at is not None and not is_closed:
        raise Unmappable(
            "contradictory_status", "a closed_date on what is not Closed", _CLOSED, "status"
        )
    return Case(
        community=new_york.board(text_of(row, "community_board")),
        handler=_agency(text_of(row, "agency") or "unstated"),
        category=Category.HELP if topic in _HELP else Category.COMPLAINT,
        subject=topic,
        channel=_CHANNELS.get(text_of(row, "open_data_channel_type") or "", Channel.HOTLINE),
        filed_at=filed_at,
        closed_at=closed_at,
        grade=Grade.UTILITIES if topic in _UTILITIES else Grade.ORDINARY,
        address=text_of(row, "incident_address"),
        details=text_of(row, "descriptor"),
        answer=text_of(row, "resolution_description") if is_closed else None,
    )
