"""Cases that residents brought to New York City's council offices (CouncilStat, NYC Open Data)."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from api.imports import new_york
from api.imports.local_time import required_time_of, time_of
from api.imports.source import (
    BEYOND_LEGAL_POWERS,
    Body,
    Case,
    Row,
    Source,
    identifier,
    subject,
    text_of,
)
from ledger.decision import OrganisationType
from ledger.domain.requests.requests import Category, Channel

NAME = "nyc-constituent-cases"
OFFICES = 51
UNSTATED = "Not stated"

# The source's own headings; what is not among them is refused as a subject that is not on the list.
_SUBJECTS = (
    (UNSTATED, "未注明"),
    ("Aging", "老龄"),
    ("Civil and Human Rights", "民权与人权"),
    ("Civil Service and Labor", "公务员与劳动"),
    ("Consumer Affairs", "消费者事务"),
    ("Contracts", "合同"),
    ("COVID-19", "新冠疫情"),
    ("Criminal Justice", "刑事司法"),
    ("Cultural Affairs", "文化事务"),
    ("Displacement", "搬离"),
    ("Documentation", "证明文件"),
    ("Economy/Jobs", "经济与就业"),
    ("Education", "教育"),
    ("Environment", "环境"),
    ("Finance", "财政与税务"),
    ("Fire and Emergency Management", "消防与应急"),
    ("For-Hire Vehicles", "出租车辆"),
    ("General Welfare", "社会福利"),
    ("Governmental Operations", "政府运作"),
    ("Health", "健康"),
    ("Hospitals", "医院"),
    ("Housing and Buildings", "住房与建筑"),
    ("Immigration", "移民"),
    ("Jury Duty", "陪审义务"),
    ("Justice System", "司法"),
    ("Land Use and Zoning", "土地使用与规划"),
    ("Legal Services", "法律服务"),
    ("Mental Health and Disability", "精神健康与残障"),
    ("Oversight and Investigations", "监督与调查"),
    ("Parks", "公园"),
    ("Pension Forms", "养老金表格"),
    ("Public Safety", "公共安全"),
    ("Quality of Life", "生活环境"),
    ("Recovery and Resiliency", "灾后恢复"),
    ("Sanitation", "环卫"),
    ("Transportation", "交通"),
    ("Utilities", "水电气"),
    ("Veterans Affairs", "退伍军人事务"),
    ("Youth Services", "青年服务"),
)  # fmt: skip
# Headings that were cut off at 25 characters, older spellings, and what stands for no choice.
_ALSO = {
    "": UNSTATED,
    "@getxlate.Udf_Code_Genera": UNSTATED,
    "Please choose an issue...": UNSTATED,
    "Select One": UNSTATED,
    "Consumer Complaints": "Consumer Affairs",
    "FIRE AND EMERGENCY MANAGE": "Fire and Emergency Management",
    "Government": "Governmental Operations",
    "Human and Civil Rights": "Civil and Human Rights",
    "Land Use": "Land Use and Zoning",
    "MENTAL HEALTH-DISABILITY-": "Mental Health and Disability",
    "NYCHA": "Housing and Buildings",
    "NYPD - NEW YORK POLICE DE": "Public Safety",
    "OVERSIGHT AND INVESTIGATI": "Oversight and Investigations",
    "SCRIE": "Aging",  # the Senior Citizen Rent Increase Exemption
}
_COMPLAINTS = frozenset({"Consumer Complaints", "Quality of Life"})
# A council office helps with what is decided by the federal government: it has no say in how long.
_OTHERS_DECIDE = frozenset({"Immigration"})


def source() -> Source:
    """How such a file reads."""
    return Source(
        name=NAME,
        key="unique_key",
        columns=(
            "unique_key", "account", "opendate", "closedate", "complaint_type", "community_board",
        ),
        zone=new_york.clock(),
        origin=new_york.ORIGIN,
        town=new_york.TOWN,
        hotline=Body("nyc-council", OrganisationType.HOTLINE_CENTRE, "来访登记 Council intake"),
        communities=new_york.boards(),
        handlers=tuple(_office(number) for number in range(1, OFFICES + 1)),
        subjects=tuple(subject(name, chinese) for name, chinese in _SUBJECTS),
        case=partial(_case, zone=new_york.clock()),
        exclusions=(BEYOND_LEGAL_POWERS,),
    )  # fmt: skip


def _office(number: int) -> Body:
    name = f"第{number}选区市议员办公室 Council office {number}"
    return Body(f"nycc{number:02d}", OrganisationType.DEPARTMENT, name)


def _case(row: Row, zone: ZoneInfo) -> Case:
    heading = text_of(row, "complaint_type") or ""
    filed_at = required_time_of(row, "opendate", zone)
    return Case(
        community=new_york.board(text_of(row, "community_board")),
        handler=identifier(text_of(row, "account") or "unstated"),
        category=Category.COMPLAINT if heading in _COMPLAINTS else Category.HELP,
        subject=identifier(_ALSO.get(heading, heading)),
        channel=Channel.VISIT,
        filed_at=filed_at,
        closed_at=time_of(row, "closedate", zone, filed_at),
        excluded_for=BEYOND_LEGAL_POWERS.code if heading in _OTHERS_DECIDE else None,
    )
