-- The log: one row an event, never changed. Position is given under the writer's lock, in commit
-- order and without gaps; the Merkle leaf index is position - 1.
create table event (
    position bigint primary key check (position > 0),
    kind text not null,
    tags text[] not null,
    record bytea not null check (octet_length(record) <= 65535),
    leaf bytea not null check (octet_length(leaf) = 32)
);
-- Records do not compress well enough to pay for the time that it takes under the lock.
alter table event alter column record set storage external;
-- One key for boundary, lineage and partition. With fastupdate a batch now and then waits for the
-- pending list to be merged (200-700 ms); without it the latency is flat.
create index event_tags on event using gin (tags) with (fastupdate = off);

-- The head of the log is its last batch: rows are inserted, never updated, so that a long snapshot
-- elsewhere bloats nothing.
create table batch (
    first bigint not null,
    last bigint primary key,
    recorded_at timestamptz not null,
    batch_id uuid not null unique,
    frontier bytea not null,
    check (first <= last)
);

-- Personal values, sealed under a key that is not in this database. They are stored with their
-- event in one transaction; a foreign key would look each one up again, under the lock.
create table sealed_value (
    position bigint not null,
    field text not null,
    event_id uuid not null,
    subject text not null,
    ciphertext bytea not null,
    primary key (position, field)
);

-- Answers given under an idempotency key, kept for a week.
create table receipt (
    digest bytea primary key check (octet_length(digest) = 16),
    fingerprint bytea not null check (octet_length(fingerprint) = 32),
    first bigint not null,
    last bigint not null,
    recorded_at timestamptz not null
);

-- Refuses what would alter history, whoever asks.
create function reject_change() returns trigger language plpgsql as $$
begin
    raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;
create trigger event_is_append_only before update or delete or truncate on event
    for each statement execute function reject_change();
create trigger batch_is_append_only before update or delete or truncate on batch
    for each statement execute function reject_change();

-- A batch begins where the one before it ended: a writer that believes in another head fails here.
create function check_contiguous() returns trigger language plpgsql as $$
begin
    if new.first <> coalesce((select last from batch order by last desc limit 1), 0) + 1 then
        raise exception 'batch % to % does not follow the head of the log', new.first, new.last
            using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger batch_is_contiguous before insert on batch
    for each row execute function check_contiguous();

-- For whoever looks with psql: the records as JSON.
create view event_json as
    select position, kind, tags, convert_from(record, 'UTF8')::jsonb as record from event;

grant select on event, batch, event_json to {reader};
grant select, insert on event, batch, sealed_value to {writer};
grant select, insert, delete on receipt to {writer};
grant select on event_json to {writer};
