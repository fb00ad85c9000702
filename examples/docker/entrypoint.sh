#!/usr/bin/env bash
# Waits until the database answers, brings the schema up to date, then becomes the app. Replicas may start at once:
# one migrates, the others wait for its lock.
set -euo pipefail
: "${DATABASE_URL:?Set it to the database, for example postgresql+psycopg://app@db:5432/ledger}"

# `current` exits with 0 in every state of the schema, and with 1 when the database could not be asked
patience=${DATABASE_WAIT_SECONDS:-60}
until complaint=$(python -m revgate current 2>&1 >/dev/null); do
  if ((SECONDS >= patience)); then
    printf '%s\n' "$complaint" "The database did not answer within $patience s" >&2
    exit 1
  fi
  sleep 1
done

python -m revgate upgrade head
exec "$@"
