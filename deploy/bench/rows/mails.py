"""The relay at a backlog of mails, against smtplib with ready bytes."""

import smtplib
import time

import psycopg

from ..measure import Bar, Costs, Row, Sample, in_turn
from ..plant import Plant

EACH_ROUND = 2000
"""Of 10,000 in five rounds: each with the backlog's own order of a mail per person."""

READY = (
    b"From: no-reply@portal.example\r\nTo: bench-m00001@bench.example\r\nSubject: En pause er registrert\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + b"Hei Ola, en pause er registrert.\r\n"
    * 40
)
BACKLOG = """
WITH new AS (
    INSERT INTO dispatch
        (id, organisation_id, notice, mentor_id, natural_key, coordinator_id, flags, planned, created_at)
    SELECT gen_random_uuid(), organisation_id, 'pause_activated', id, 'bench:' || %(round)s, coordinator_id, '{}',
        false, now()
    FROM contact WHERE is_mentor ORDER BY id LIMIT %(amount)s
    RETURNING id, organisation_id, mentor_id, created_at
), messages AS (
    INSERT INTO message
        (dispatch_id, organisation_id, recipient_id, audience, channel, status, outbox_id, created_at)
    SELECT id, organisation_id, mentor_id, 'mentor', 'email', 'queued', gen_random_uuid(), created_at FROM new
    RETURNING number, organisation_id, recipient_id, outbox_id, created_at
)
INSERT INTO outbox (id, kind, payload, tenant, ordering_key, created_at, due_at, expires_at)
SELECT outbox_id, 'mail', jsonb_build_object('message', number), organisation_id, recipient_id || ':email',
    created_at, created_at, created_at + interval '1 day' FROM messages
"""


def rows(plant: Plant, *, rounds: int) -> list[Row]:
    """Each round the relay process begins anew; its start is not counted."""

    def floor(_: int) -> Sample:
        with smtplib.SMTP("127.0.0.1", plant.port("sink"), local_hostname="bench") as server:
            server.ehlo()
            start = time.perf_counter()
            for number in range(EACH_ROUND):
                server.sendmail("no-reply@portal.example", f"bench-m{number:05}@bench.example", READY)
            return Sample(value=EACH_ROUND / (time.perf_counter() - start))

    def ours(number: int) -> Sample:
        with psycopg.connect(plant.dsns["notification"]) as connection:
            connection.execute(BACKLOG, {"round": str(number), "amount": EACH_ROUND})
        before = plant.taken()
        plant.start(plant.program("notification", "relay"))
        plant.wait("the first mail", lambda: plant.taken() > before)
        begun, start = plant.taken(), time.perf_counter()
        with Costs(service=plant.pids("notification.relay"), database=plant.postgres) as costs:
            plant.wait("the last mail", lambda: plant.taken() >= before + EACH_ROUND, within=120.0)
            seconds = time.perf_counter() - start
        plant.stop("notification.relay")
        count = before + EACH_ROUND - begun
        return costs.sample(count / seconds, count)

    plant.stop("notification.relay")
    sides = in_turn(rounds, floor, ours)
    return [Row(name="Relay draining a backlog of mails", unit="1/s", bar=Bar(limit=0.10), **sides)]
