-- Who may call: a principal in an office of an organisation. The digest is the SHA-256 of a token of
-- 256 random bits, so that whoever reads this table cannot call. Only the owner changes it.
create table api_key (
    digest bytea primary key check (octet_length(digest) = 32),
    principal text not null check (principal <> ''),
    office text not null check (office <> ''),
    organisation text not null check (organisation <> ''),
    scopes text[] not null,
    label text not null check (length(label) <= 200),
    created_at timestamptz not null default clock_timestamp(),
    revoked_at timestamptz
);

grant select on api_key to {reader};
