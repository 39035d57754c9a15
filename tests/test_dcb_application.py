"""An application of the library's, in its own documented style, runs on our store by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from eventsourcing.dcb.application import DCBApplication
from eventsourcing.dcb.domain import EnduringObject, Group
from eventsourcing.dcb.msgpack import Decision, InitialDecision
from eventsourcing.domain import event
from eventsourcing.persistence import IntegrityError
from eventsourcing.utils import get_topic

from ledger.store.dcb import DCBDoor, StoreFactory
from ledger.store.migrations import SchemaMismatch, migrate
from ledger.store.postgres import PostgresStore


class StudentJoinedCourse(Decision):
    student_id: str
    course_id: str


class Full(Exception):
    """No place is left in the course."""


class Student(EnduringObject[Decision]):
    class Registered(InitialDecision):
        student_id: str
        name: str

    @event(Registered)
    def __init__(self, name: str) -> None:
        self.name = name
        self.course_ids: list[str] = []

    @event(StudentJoinedCourse)
    def _(self, course_id: str) -> None:
        self.course_ids.append(course_id)


class Course(EnduringObject[Decision]):
    class Registered(InitialDecision):
        course_id: str
        name: str
        places: int

    @event(Registered)
    def __init__(self, name: str, places: int) -> None:
        self.name = name
        self.places = places
        self.student_ids: list[str] = []

    @event(StudentJoinedCourse)
    def _(self, student_id: str) -> None:
        self.student_ids.append(student_id)


class StudentAndCourse(Group[Decision]):
    def __init__(self, student: Student, course: Course) -> None:
        self.student = student
        self.course = course

    def student_joins_course(self) -> None:
        if len(self.course.student_ids) >= self.course.places:
            raise Full
        self.trigger_event(
            StudentJoinedCourse, student_id=self.student.id, course_id=self.course.id
        )


class Enrolment(DCBApplication):
    """Course subscriptions: the example by which dynamic consistency boundaries are explained."""

    env = {"MAPPER_TOPIC": "eventsourcing.dcb.msgpack:MessagePackMapper"}  # noqa: RUF012 - the library's way

    def register_student(self, name: str) -> str:
        student = Student(name=name)
        self.repository.save(student)
        return student.id

    def register_course(self, name: str, places: int) -> str:
        course = Course(name=name, places=places)
        self.repository.save(course)
        return course.id

    def join(self, course_id: str, student_id: str) -> None:
        group = self.repository.get_group(StudentAndCourse, student_id, course_id)
        group.student_joins_course()
        self.repository.save(group)

    def students(self, course_id: str) -> list[str]:
        course, *_ = self.repository.get_many(course_id)
        assert isinstance(course, Course)
        found = self.repository.get_many(*course.student_ids)
        return [student.name for student in found if isinstance(student, Student)]


@pytest.fixture
def environment(postgres_url: str, schema: str) -> dict[str, str]:
    return {
        "PERSISTENCE_MODULE": "ledger.store.dcb",
        "MINGZHANG_DCB_URL": postgres_url,
        "MINGZHANG_DCB_SCHEMA": schema,
    }


@pytest.fixture
def enrolment(environment: dict[str, str]) -> Iterator[Enrolment]:
    with Enrolment(environment) as application:
        yield application


def test_an_application_keeps_its_rules_on_our_store(
    enrolment: Enrolment, postgres_url: str, schema: str
) -> None:
    course = enrolment.register_course("算术", places=2)
    students = [enrolment.register_student(name) for name in ("one", "two", "three")]

    enrolment.join(course, students[0])
    enrolment.join(course, students[1])
    with pytest.raises(Full):
        enrolment.join(course, students[2])

    assert enrolment.students(course) == ["one", "two"]
    store = PostgresStore(postgres_url, schema, "dcb")
    kinds = [stored.kind for stored in store.read()]
    store.close()
    assert kinds == [
        get_topic(Course.Registered),
        *[get_topic(Student.Registered)] * 3,
        *[get_topic(StudentJoinedCourse)] * 2,
    ]


def test_of_two_who_take_the_last_place_at_once_one_is_told_of_the_conflict(
    enrolment: Enrolment,
) -> None:
    course = enrolment.register_course("珠算", places=1)
    first, second = (enrolment.register_student(name) for name in ("first", "second"))
    late = enrolment.repository.get_group(StudentAndCourse, second, course)

    enrolment.join(course, first)
    late.student_joins_course()

    with pytest.raises(IntegrityError):
        enrolment.repository.save(late)
    assert enrolment.students(course) == ["first"]


def test_an_application_finds_everything_again_after_a_restart(
    environment: dict[str, str],
) -> None:
    with Enrolment(environment) as before:
        course = before.register_course("地理", places=3)
        before.join(course, before.register_student("one"))

    with Enrolment(environment) as after:
        after.join(course, after.register_student("two"))

        assert after.students(course) == ["one", "two"]


def test_the_library_s_own_variables_name_the_database_too(postgres_url: str, schema: str) -> None:
    parts = urlsplit(postgres_url)
    hosts = parse_qs(parts.query).get("host") or [parts.hostname or "localhost"]
    environment = {
        "POSTGRES_DBNAME": parts.path.lstrip("/"),
        "POSTGRES_HOST": hosts[0],
        "POSTGRES_PORT": str(parts.port or parse_qs(parts.query).get("port", ["5432"])[0]),
        "POSTGRES_USER": parts.username or "postgres",
        "POSTGRES_PASSWORD": parts.password or os.environ.get("PGPASSWORD", ""),
        "POSTGRES_SCHEMA": schema,
    }
    factory = StoreFactory(environment)

    recorder = factory.dcb_recorder()

    assert isinstance(recorder, DCBDoor)
    assert list(recorder.read()) == []
    factory.close()


def test_a_factory_that_is_told_of_no_database_says_what_is_missing() -> None:
    with pytest.raises(OSError, match="MINGZHANG_DCB_URL"):
        StoreFactory({}).dcb_recorder()


def test_an_application_cannot_be_pointed_at_the_ledger_s_schema(
    environment: dict[str, str], postgres_url: str, schema: str
) -> None:
    migrate(postgres_url, schema, "ledger")

    with pytest.raises(SchemaMismatch):
        Enrolment(environment)
