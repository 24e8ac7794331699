-- How often each key and each address asked in a minute, as all APIs of a pool count together. A crash of the server empties it,
-- which only forgets that minute; so it is written without the log.
create unlogged table request_count (
  name text not null,
  starts_at timestamptz not null,
  count integer not null,
  primary key (name, starts_at)
);
