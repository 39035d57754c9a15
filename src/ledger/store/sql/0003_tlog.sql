-- Complete tiles of the log's Merkle tree (C2SP tlog-tiles), written after the commits that fill
-- them and never in the append transaction. Whatever stands here follows from event.leaf: a tile
-- that is missing is computed, and `root` spares the tile above from reading 256 tiles.
create table tile (
    level smallint not null check (level between 0 and 63),
    index bigint not null check (index >= 0),
    hashes bytea not null check (octet_length(hashes) = 8192),
    root bytea not null check (octet_length(root) = 32),
    primary key (level, index)
);
-- Hashes do not compress.
alter table tile alter column hashes set storage external;

-- What the log signed of itself (C2SP tlog-checkpoint), each size once.
create table checkpoint (
    size bigint primary key check (size > 0),
    root bytea not null check (octet_length(root) = 32),
    signed_at timestamptz not null,
    note bytea not null
);

-- What witnesses signed of it (C2SP tlog-cosignature); some come later than the checkpoint.
create table cosignature (
    size bigint not null references checkpoint (size),
    name text not null,
    key_id bytea not null check (octet_length(key_id) = 4),
    signature bytea not null,
    taken_at timestamptz not null default clock_timestamp(),
    primary key (size, name, key_id)
);

create trigger tile_is_append_only before update or delete or truncate on tile
    for each statement execute function reject_change();
create trigger checkpoint_is_append_only before update or delete or truncate on checkpoint
    for each statement execute function reject_change();
create trigger cosignature_is_append_only before update or delete or truncate on cosignature
    for each statement execute function reject_change();

grant select on tile, checkpoint, cosignature to {reader};
grant select, insert on tile, checkpoint, cosignature to {writer};
