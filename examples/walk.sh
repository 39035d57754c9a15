#!/usr/bin/env bash
# One case through the whole method, with curl alone, against `make up`: whistle, report in, answer,
# clear, rate, good deed. Usage: examples/walk.sh [URL] [file with the demonstration keys]
set -euo pipefail

URL="${1:-http://127.0.0.1:8000}"
KEYS="${2:-data/demonstration-keys.json}"
CASE="walk-$(date +%s)-$$" # every walk is a case of its own

key() { sed -n "s/^ *\"$1\": \"\(mz_[^\"]*\)\".*/\1/p" "$KEYS"; }

# propose ROLE JSON: prints the ledger's answer; a refusal ends the walk.
propose() {
    curl --silent --show-error --fail-with-body "$URL/v1/events" \
        -H "Authorization: Bearer $(key "$1")" \
        -H "Content-Type: application/json" \
        -H "Idempotency-Key: $CASE-$((++step))" \
        -d "$2"
    echo
}
step=0
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold="" plain=""; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

say "1. The hotline files a resident's request, accepts it and dispatches it (诉求登记, 受理, 派单)"
propose hotline-clerk '[
  {"kind": "request_filed", "body": {"request": "'"$CASE"'", "community": "committee-riverside",
    "category": "help", "subject": "water-supply", "details": "No water since this morning"}},
  {"kind": "request_accepted", "body": {"request": "'"$CASE"'"}},
  {"kind": "request_dispatched", "body": {"request": "'"$CASE"'", "lead": "dept-water",
    "grade": "utilities"}}]'

say "2. The community's secretary whistles for a department (社区吹哨)"
propose branch-secretary '{"kind": "whistle_blown", "body": {"whistle": "'"$CASE"'",
  "request": "'"$CASE"'", "grade": "ordinary", "ground": "joint_enforcement",
  "departments": ["dept-urban"]}}'

say "3. The department reports in (部门报到)"
propose urban-clerk '{"kind": "department_reported_in", "body": {"whistle": "'"$CASE"'",
  "department": "dept-urban"}}'

say "4. Nobody clears a case that has no answer: the ledger says which rule, and what it would take"
curl --silent "$URL/v1/events" -H "Authorization: Bearer $(key hotline-clerk)" \
    -H "Content-Type: application/json" \
    -d '{"kind": "request_cleared", "body": {"request": "'"$CASE"'"}}'
echo

say "5. The lead answers, a reviewer lets the answer stand, the hotline clears (答复, 审核, 办结)"
propose water-clerk '{"kind": "request_answered", "body": {"request": "'"$CASE"'",
  "answer": "The valve has been replaced"}}'
propose reviewer '{"kind": "answer_accepted", "body": {"request": "'"$CASE"'"}}'
propose hotline-clerk '{"kind": "request_cleared", "body": {"request": "'"$CASE"'"}}'

say "6. The resident, asked by the hotline, rates it (服务评价)"
propose hotline-clerk '{"kind": "service_rated", "body": {"target_type": "request",
  "target": "'"$CASE"'", "satisfaction": "very_satisfied", "resolved": true}}'

say "7. A neighbour who helped claims it; somebody else verifies it; all may object (善行申报, 核实, 公示)"
propose committee-clerk '{"kind": "deed_claimed", "body": {"deed": "'"$CASE"'",
  "account": "account-1", "deed_category": "elder-care", "done_on": "'"$(date -u +%F)"'",
  "hours": 2}}'
propose committee-clerk-b '{"kind": "deed_verified", "body": {"deed": "'"$CASE"'",
  "is_confirmed": true, "witnesses": ["p-riverside-secretary", "p-hotline-clerk"],
  "spot_checked_by": "p-supervision"}}'
answer=$(propose committee-clerk '{"kind": "publicity_opened", "body": {"deed": "'"$CASE"'",
  "points": 2}}')
echo "$answer"
position=$(sed -n 's/.*"position":\([0-9]*\).*/\1/p' <<<"$answer")

say "8. An auditor sees the case as of that position; the public with the next publication"
curl --silent --fail-with-body -H "Authorization: Bearer $(key auditor)" \
    "$URL/v1/disclosures/process/cases/$CASE?min_position=$position"
echo
say "9. Everybody sees the deed, and until when to object; its love points (爱心积分) come after that"
curl --silent --fail-with-body "$URL/v1/deeds/$CASE?min_position=$position"
echo
say "Look at it: $URL/"
