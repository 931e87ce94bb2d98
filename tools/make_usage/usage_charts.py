"""Times of the charts that the administration serves, over HTTP."""
import datetime
import statistics
import sys
import time

RUNS = 5
LIMIT_MS = 100


def charts():
    """Name, path, and whether the limit holds for it: it does for everything with a sum of its own;
    a list of every key of every day and pairs of dimensions are tables, not charts."""
    tomorrow = (datetime.datetime.now(datetime.timezone.utc)
                + datetime.timedelta(days=1)).strftime("%Y-%m-%dT00:00:00Z")

    def since(days):
        day = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
        return f"from={day.strftime('%Y-%m-%dT00:00:00Z')}&to={tomorrow}"

    usage = "/api/v1/llm/usage?tenant=busy&days=366"
    report = f"/api/v1/reports/usage?tenant=busy&{since(366)}"
    week = f"/api/v1/reports/usage?tenant=busy&step=hour&{since(7)}"
    yield "usage of a year by day", usage, True
    for one in ("model", "provider", "project", "tag"):
        yield f"usage by day, groups by {one}", f"{usage}&group_by={one}", True
    for one in ("key", "user", "tag", "model"):
        yield f"usage by day, 20 dearest of {one}", f"{usage}&group_by={one}&top=20", True
    yield "usage by day, every key", f"{usage}&group_by=key", True
    yield "one provider's usage by model", f"{usage}&provider_id=provider-1&group_by=model", True
    yield "one user's usage by model", f"{usage}&user_id=user-3&group_by=model", True
    yield "report of a year by day", report, True
    for one in ("model", "team", "provider"):
        yield f"report by day and {one}", f"{report}&group_by={one}", True
    for one in ("key", "user", "tag"):
        yield f"report by day, 20 dearest of {one}", f"{report}&group_by={one}&series_top=20", True
    for one in ("model", "team", "key", "user", "tag"):
        yield f"report by month and {one}", f"{report}&step=month&group_by={one}", True
    yield "a week by hour", week, True
    for one in ("model", "team"):
        yield f"a week by hour and {one}", f"{week}&group_by={one}", True
    for one in ("key", "user"):
        yield f"a week by hour, 20 dearest of {one}", f"{week}&group_by={one}&series_top=20", True
    yield "savings of a year", f"/api/v1/reports/savings?tenant=busy&{since(366)}", True
    yield "chargeback of a year", f"/api/v1/reports/chargeback?tenant=busy&{since(366)}", True
    yield "credits of a user", "/api/v1/llm/credits?user_id=user-3", True
    yield "history of credits", "/api/v1/llm/credits/history?user_id=user-3", True
    yield "the latest 50 requests", "/api/v1/requests?tenant=busy", True
    yield "table: report by day and every key", f"{report}&group_by=key", False
    yield "table: report by month, team and model", f"{report}&step=month&group_by=team,model", False
    yield "table: report by day, team and model", f"{report}&group_by=team,model", False


def measure_charts(gateway):
    rows, good = [], True
    connection = gateway.connect()
    # The gateway's own processor time hardly depends on what else the machine does.
    print(f"{'chart':42} {'bytes':>10} {'median ms':>10} {'worst ms':>10} {'processor':>10}")
    for name, path, limited in charts():
        times, busy = [], 0.0
        for run in range(RUNS + 1):
            if run == 1:
                busy = gateway.processor_seconds()
            began = time.perf_counter()
            status, body = gateway.request(connection, "GET", path)
            took = 1000 * (time.perf_counter() - began)
            if status != 200:
                sys.exit(f"{path}: {status} {body[:500]!r}")
            if run > 0:
                times.append(took)
        busy = 1000 * (gateway.processor_seconds() - busy) / RUNS
        median = statistics.median(times)
        slow = limited and median > LIMIT_MS
        good = good and not slow
        rows.append({"chart": name, "bytes": len(body), "median_ms": round(median, 2),
                     "worst_ms": round(max(times), 2), "processor_ms": round(busy, 2),
                     "limited": limited})
        print(f"{name:42} {len(body):10} {median:10.1f} {max(times):10.1f} {busy:10.1f}"
              f"{'  TOO SLOW' if slow else ''}", flush=True)
    connection.close()
    return rows, good
