#!/usr/bin/env bash
# Tenants with the arguments of the script of old; every command is a call of tollgate, which finds
# the gateway: the running one, the context in use, or TOLLGATE_URL with TOLLGATE_KEY.
# The binary is TOLLGATE_BIN, else tollgate of the PATH, else build/release/tollgate.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: manage-tenants.sh COMMAND
  create NAME [KEY] [BUDGET] [MODELS]   a tenant with its key. KEY: one of your own, "" for a new
                                        one. BUDGET: US dollars a day, 100 unless given, and 30
                                        times that a month. MODELS: a,b; all of them unless given
  list                                  all tenants
  update NAME budget USD                so much a day, and 30 times that a month
  update NAME enabled true|false
  update NAME models a,b
  update NAME rate_limit NUMBER         requests per minute
  delete NAME [--yes]                   with its keys; usage stays for the reports
  usage NAME [--from WHEN]              what it used, by model
  report [FILE]                         charges by tenant, team and month as CSV
                                        (FILE: reports/tenants-DATE.csv)
TEXT
}

wrong() {
    echo "manage-tenants.sh: $1" >&2
    usage >&2
    exit 2
}

find_tollgate() {
    local beside
    beside="$(dirname "${BASH_SOURCE[0]}")/../build/release/tollgate"
    if [ -n "${TOLLGATE_BIN:-}" ]; then
        echo "$TOLLGATE_BIN"
    elif command -v tollgate; then
        return
    elif [ -x "$beside" ]; then
        echo "$beside"
    else
        echo "manage-tenants.sh: no tollgate in the PATH: install it or set TOLLGATE_BIN" >&2
        exit 1
    fi
}

# A month of BUDGET a day.
monthly_of() {
    case "$1" in
        "" | *[!0-9.]* | *.*.* | .) wrong "BUDGET: '$1' is no amount of US dollars" ;;
    esac
    awk -v daily="$1" 'BEGIN { printf "%.9f\n", daily * 30 }' |
        sed 's/0*$//; s/\.$//'
}

# The tenant's budget of that period, "" when there is none. The columns behind the name, which may
# hold commas, are counted from the end.
budget_id() {
    "$tollgate" budgets list --tenant "$1" --kind tenant -o csv |
        awk -F, -v period="$2" 'NR > 1 && NF > 7 && $(NF - 7) == period { print $NF; exit }'
}

set_budget() {
    local id
    id="$(budget_id "$1" "$2")"
    if [ -n "$id" ]; then
        "$tollgate" budgets update "$id" --limit "$3" >/dev/null
    else
        "$tollgate" budgets create --tenant "$1" --period "$2" --limit "$3" >/dev/null
    fi
    echo "$2 budget of $1: $3 USD"
}

create() {
    [ $# -le 4 ] || wrong "create takes NAME [KEY] [BUDGET] [MODELS]"
    local name="$1" key="${2:-}" budget="${3:-100}" models="${4:-}" monthly made variable
    monthly="$(monthly_of "$budget")"
    local options=(--budget "$budget" --budget-period daily)
    if [ -n "$models" ]; then options+=(--models "$models"); fi
    if [ -n "$key" ]; then
        made="$(printf '%s\n' "$key" |
            "$tollgate" tenants create "$name" "${options[@]}" --chosen-key-file -)"
    else
        made="$("$tollgate" tenants create "$name" "${options[@]}")"
    fi
    echo "$made"
    set_budget "$name" monthly "$monthly"
    variable="$(printf '%s' "$name" | tr '[:lower:]' '[:upper:]' | tr -c 'A-Z0-9' '_')"
    echo "TENANT_${variable}_KEY=$(awk '$1 == "key" { print $2; exit }' <<<"$made")"
}

update() {
    [ $# -eq 3 ] || wrong "update takes NAME, what and the new value"
    local name="$1" value="$3" monthly
    case "$2" in
        budget)
            monthly="$(monthly_of "$value")"
            set_budget "$name" daily "$value"
            set_budget "$name" monthly "$monthly"
            ;;
        enabled) "$tollgate" tenants update "$name" --enabled "$value" ;;
        models) "$tollgate" tenants update "$name" --models "$value" ;;
        rate_limit) "$tollgate" tenants update "$name" --requests-per-minute "$value" ;;
        priority)
            echo "manage-tenants.sh: nothing was changed: tenants have no priority here, they" \
                "share fairly; give one more room with a tier or rate_limit" >&2
            ;;
        *) wrong "update: '$2' is none of budget, enabled, models, rate_limit" ;;
    esac
}

report() {
    local file="${1:-reports/tenants-$(date +%F).csv}"
    mkdir -p "$(dirname "$file")"
    "$tollgate" tenants report -o csv >"$file"
    echo "$file"
}

command="${1:-}"
if [ -n "$command" ]; then shift; fi
case "$command" in
    create | update | delete | usage) [ $# -ge 1 ] || wrong "$command takes a NAME" ;;
    list | report) ;;
    -h | --help | help)
        usage
        exit 0
        ;;
    *) wrong "'$command' is no command" ;;
esac
tollgate="$(find_tollgate)"
case "$command" in
    create | update | report) "$command" "$@" ;;
    *) exec "$tollgate" tenants "$command" "$@" ;;
esac
