#!/usr/bin/env bash
# A request that needs three departments, from filing to striking off, with every side path: return,
# jurisdiction, extension, pause across an adjusted weekend (调休), an answer sent back, a dispute and
# a second round. With curl alone, against `make up`. Each act says when it happened (occurred_at).
# Usage: examples/three-departments.sh [URL] [file with the demonstration keys]
set -euo pipefail

URL="${1:-http://127.0.0.1:8000}"
KEYS="${2:-data/demonstration-keys.json}"
CASE="three-departments-$(date +%s)-$$"

key() { sed -n "s/^ *\"$1\": \"\(mz_[^\"]*\)\".*/\1/p" "$KEYS"; }

# act ROLE "DAY TIME" KIND [MORE FIELDS]: one act on the request, at a time of day in Shanghai.
act() {
    local body='"request": "'"$CASE"'"'
    [ "$3" = service_rated ] && body='"target_type": "request", "target": "'"$CASE"'"'
    printf '%s  %-14s %s\n' "$2" "$1" "$3"
    curl --silent --show-error --fail-with-body --output /dev/null "$URL/v1/events" \
        -H "Authorization: Bearer $(key "$1")" \
        -H "Content-Type: application/json" \
        -H "Idempotency-Key: $CASE-$((++step))" \
        -d '{"kind": "'"$3"'", "occurred_at": "2026-'"${2/ /T}"':00+08:00",
             "body": {'"$body${4:+, $4}"'}}'
}
step=0
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold="" plain=""; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

say "Filed, accepted, dispatched: five working days, until 12 May (诉求登记, 受理, 派单)"
act hotline-clerk "05-06 09:00" request_filed '"community": "committee-riverside",
    "category": "help", "subject": "road-surface", "details": "Sunken manhole, water and mud"'
act hotline-clerk "05-06 09:10" request_accepted
act hotline-clerk "05-06 09:30" request_dispatched '"lead": "dept-water", "grade": "ordinary"'
act water-clerk "05-06 09:40" order_signed

say "Twice returned: then the town rules who leads, for good (退单, 改派, 裁定)"
act water-clerk "05-06 10:00" order_return_requested '"proposed_owner": "dept-urban",
    "reason": "The cover is not ours"'
act hotline-clerk "05-06 11:00" order_return_ruled '"granted": true'
act hotline-clerk "05-06 11:05" order_reassigned '"lead": "dept-urban"'
act urban-clerk "05-06 14:00" order_return_requested '"proposed_owner": "dept-roads",
    "reason": "It lies in the carriageway"'
act town-clerk "05-06 15:00" jurisdiction_ruled '"lead": "dept-roads"'
act roads-clerk "05-06 15:30" order_signed
act hotline-clerk "05-06 15:40" co_handler_added '"co_handler": "dept-water"'
act hotline-clerk "05-06 15:41" co_handler_added '"co_handler": "dept-urban"'

say "Two working days more; paused while the requester is asked, over a Saturday that is worked"
act roads-clerk "05-07 10:00" extension_requested '"amount": 2, "reason": "A part is ordered"'
act hotline-clerk "05-07 11:00" extension_ruled '"granted": true'
act hotline-clerk "05-08 16:00" clock_paused '"reason": "awaiting-requester"'
act hotline-clerk "05-11 10:00" clock_resumed
act hotline-clerk "05-11 10:30" request_urged
act water-clerk "05-11 11:00" progress_posted '"note": "The pipe below is sound"'

say "An answer is sent back, the next one stands (答复, 退回, 通过, 办结)"
act roads-clerk "05-12 09:00" request_answered '"answer": "Repaired"'
act reviewer "05-12 15:00" answer_sent_back '"reason": "Says nothing of the cover"'
act roads-clerk "05-13 10:00" request_answered '"answer": "Repaired, the cover replaced"'
act reviewer "05-13 11:00" answer_accepted
act hotline-clerk "05-13 11:30" request_cleared

say "Disputed, the closure stands; called back, it is not solved after all: a second round (异议, 重办)"
act hotline-clerk "05-14 09:00" closure_disputed '"reason": "It rattles"'
act town-clerk "05-15 09:00" dispute_ruled '"upheld": false'
act hotline-clerk "05-15 16:00" called_back '"outcome": "reached", "resolved": false'
act hotline-clerk "05-18 09:00" request_reopened '"reason": "The cover has sunk again"'
act hotline-clerk "05-18 09:10" request_dispatched '"lead": "dept-roads", "grade": "ordinary",
    "co_handlers": ["dept-water", "dept-urban"]'
act roads-clerk "05-18 09:20" order_signed
act roads-clerk "05-20 17:00" request_answered '"answer": "The bed was made anew"'
act reviewer "05-21 09:00" answer_accepted
act hotline-clerk "05-21 09:30" request_cleared

say "Called back, rated, struck off (回访, 评价, 销号)"
act hotline-clerk "05-22 10:00" called_back '"outcome": "reached", "resolved": true,
    "satisfied": true'
act hotline-clerk "05-22 10:05" service_rated '"satisfaction": "satisfied", "resolved": true'
act hotline-clerk "05-22 10:10" request_struck_off

say "Act by act, with both clocks: .venv/bin/mingzhang case $CASE"
