"""Opinions with their replies (意见与反馈), and praise for offices, bodies and deeds (点赞)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any, Final

from api.demonstration import town
from api.demonstration.ziyang.bodies import COMMUNITIES, Community, clerk, clerk_b, secretary
from api.demonstration.ziyang.days import CLOSING, OPENING, chance, later, spread
from api.demonstration.ziyang.love_bank import year
from ledger.decision import Office
from ledger.domain.participation.interaction import (
    OpinionPosted,
    OpinionReplied,
    PraiseGiven,
    PraiseTarget,
)
from ledger.event import Actor
from ledger.proposal import Proposal

OPINIONS: Final = 260
PRAISES: Final = 220
_TOPICS = (
    ("green-space", "小广场的长椅坏了两条", "长椅本周更换"),
    ("window-hours", "希望窗口中午也能办事", "窗口已实行错峰值班"),
    ("activities", "想多办几场老年书画活动", "书画班每周二、四开放"),
    ("parking", "建议单位夜间开放停车场", "已与三家单位商定"),
    ("reading-room", "阅览室周末能不能开门", "周六全天开放"),
    ("street-cleaning", "早上清扫扬尘大", "已改为洒水后清扫"),
)
_WORDS = ("停水那天挨家送水，辛苦了", "耐心，讲得明白", "谢谢夜里还来处理", "孩子很喜欢周末课堂")
_OFFICES = (Office.BUILDING_HEAD, Office.CLUSTER_HEAD, Office.AREA_HEAD, Office.AGENT)


def opening() -> Iterator[Proposal]:
    """Nothing: all of it happens on a day of its own."""
    return iter(())


def changes() -> Iterator[Proposal]:
    """All that residents said of the communities, and what they were told."""
    random = chance("interaction")
    moments = spread(random, OPINIONS, OPENING.date(), CLOSING.date())
    for number, moment in enumerate(moments):
        community = random.choice(COMMUNITIES)
        topic, text, reply = random.choice(_TOPICS)
        opinion = town.random_id(f"opinion/{number}")
        poster = Actor("resident", community.committee, town.random_id(f"poster/{number}"))
        posted = OpinionPosted(
            opinion=opinion,
            community=community.committee,
            topic=topic,
            poster=poster.principal,
            text=text,
        )
        by_itself = random.random() < 0.7
        yield Proposal(posted, poster if by_itself else clerk(community.committee), moment)
        replied_at = later(moment, random.uniform(2, 60))
        if random.random() < 0.88 and replied_at <= CLOSING:
            replied = OpinionReplied(
                opinion=opinion, reply=reply, **_shown(random, community, text, reply)
            )
            yield Proposal(replied, clerk_b(community.committee), replied_at)
    yield from _praises()


def _shown(random: Random, community: Community, text: str, reply: str) -> dict[str, Any]:
    if random.random() < 0.55:
        return {}
    reviewer = secretary(community.branch).principal
    return {"public_text": text, "public_reply": reply, "reviewed_by": reviewer}


def _praises() -> Iterator[Proposal]:
    random = chance("praise")
    awards = year().awards
    moments = spread(random, PRAISES, date(2020, 3, 2), CLOSING.date())
    for number, moment in enumerate(moments):
        community = random.choice(COMMUNITIES)
        giver = Actor("resident", community.committee, town.random_id(f"giver/{number}"))
        given: dict[str, Any] = {
            "praise": town.random_id(f"praise/{number}"),
            "giver": giver.principal,
            "words": random.choice(_WORDS) if random.random() < 0.5 else None,
        }
        shown = [award.deed for award in awards if award.awarded_at < moment]
        way = random.random()
        if way < 0.45:
            given |= {"target_type": PraiseTarget.OFFICE, "organisation": community.committee}
            given["office"] = random.choice(_OFFICES)
        elif way < 0.75 or not shown:
            body = random.choice((community.committee, "dept-water", "dept-urban", "dept-police"))
            given |= {"target_type": PraiseTarget.ORGANISATION, "organisation": body}
        else:
            given |= {"target_type": PraiseTarget.DEED, "deed": random.choice(shown)}
        yield Proposal(PraiseGiven(**given), giver, moment)
