#!/bin/sh
# Runs once, when the database is made: a role for the relays with the least rights, and a schema that is its own.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$RELAY_DB_PASSWORD" \
  --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE relay LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 60;
REVOKE ALL ON DATABASE :DBNAME FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :DBNAME TO relay;
CREATE SCHEMA coinrelay AUTHORIZATION relay;
SQL
