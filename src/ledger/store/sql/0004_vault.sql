-- Personal values are sealed under keys of their own subject and purpose from here on, and erased
-- by destroying these keys. What was sealed under the one key of before has none.
do $$ begin
    if exists (select from sealed_value) then
        raise exception 'this ledger has values sealed under one key for all: it cannot be taken over';
    end if;
end $$;
drop table sealed_value;

-- What data keys are wrapped under. The keys themselves are never here: the id tells nothing.
create table key_encryption_key (
    id bytea primary key check (octet_length(id) = 8),
    introduced_at timestamptz not null default clock_timestamp(),
    -- From then on nothing is wrapped under it.
    retired_at timestamptz,
    -- From then on nobody has it: what is wrapped under it, in whatever backup, never opens again.
    destroyed_at timestamptz
);
create unique index one_key_encryption_key_is_current on key_encryption_key ((true))
    where retired_at is null;

-- The keys that seal values, wrapped. They are durable before the first event that uses them.
create table data_key (
    id uuid primary key,
    wrapped_under bytea not null references key_encryption_key (id),
    wrapped bytea not null check (octet_length(wrapped) = 60)
);
-- For wrapping anew, batch by batch.
create index data_key_by_wrapping on data_key (wrapped_under);

-- Stored with their event in one transaction; foreign keys to it and to the data key would look
-- each one up again, under the lock of the log.
create table sealed_value (
    position bigint not null,
    field text not null,
    event_id uuid not null,
    subject text not null,
    held_for text not null,
    data_key uuid not null,
    ciphertext bytea not null,
    primary key (position, field)
);
create index sealed_value_by_subject on sealed_value (subject);
-- Ciphertext does not compress.
alter table sealed_value alter column ciphertext set storage external;

-- What was destroyed on account of which personal_data_erased event. An erasure is complete when
-- no key-encryption key is left under which a destroyed data key was ever wrapped.
create table erasure (
    position bigint primary key,
    subject text not null,
    held_for text[] not null,
    data_keys integer not null,
    sealed_values integer not null,
    erased_at timestamptz not null default clock_timestamp(),
    -- The key-encryption keys that were not destroyed at that time.
    wrapped_under bytea[] not null,
    completed_at timestamptz
);
create index erasure_by_subject on erasure (subject);

grant insert on sealed_value to {writer};
grant select, delete on sealed_value to {vault};
grant select, insert, update on key_encryption_key to {vault};
grant select, insert, update, delete on data_key to {vault};
grant select, insert on erasure to {vault};
grant update (completed_at) on erasure to {vault};
grant select on event, batch, migration, purpose to {vault};
grant select on erasure to {reader};
