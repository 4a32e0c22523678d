"""The main job over real processes: decisions, fills, cash, the chain, the metrics, and what happens when things break."""

import contextlib
import csv
import datetime
import pathlib
import shutil
import signal
import sqlite3
import tempfile
import time
import unittest

import processes
from prepare import bundle, trade_from, work
from processes import Process, fetch, metric, rows, run

FEE, SLIPPAGE, START_CASH = 0.00075, 0.0005, 1_000_000.0
TRADED_BARS = 200
LIMITS = pathlib.Path(__file__).parents[2] / "examples" / "demo_limits.toml"


def read_market(file):
    """timestamp (UTC ms) → symbol → row, in file order."""
    bars = {}
    with open(file, newline="") as lines:
        for row in csv.DictReader(lines):
            day = datetime.datetime.fromisoformat(row["timestamp"]).replace(tzinfo=datetime.timezone.utc)
            bars.setdefault(int(day.timestamp() * 1000), {})[row["symbol"]] = row
    return bars


@contextlib.contextmanager
def workshop(kind):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="regent-e2e-"))
    try:
        yield Workshop(kind, folder)
    finally:
        shutil.rmtree(folder)


class Workshop:
    def __init__(self, kind, folder):
        self.kind, self.folder, self.ledger = kind, folder, folder / "ledger.db"

    def server(self, endpoint="tcp://127.0.0.1:*"):
        return Process(self.folder, "serve", "--bundle", bundle(self.kind), "--endpoint", endpoint,
                       "--http", "127.0.0.1:0")

    # A machine with other work must not change what is decided: nothing here is late but where a test says so.
    PATIENT = ["--set", "engine.deadline_ms=60000", "--set", "engine.heartbeat_lost_ms=60000"]

    def engine(self, server, *more, ledger=None, name_stream="e2e"):
        return Process(self.folder, "engine", "--feed", f"replay:{work(self.kind) / 'replay.csv'}",
                       "--server", server.addresses["endpoint"], "--ledger", ledger or self.ledger,
                       "--limits", LIMITS, "--trade-from", trade_from(self.kind), "--http", "127.0.0.1:0",
                       "--set", f'engine.stream="{name_stream}"', *self.PATIENT, *more)

    def undisturbed(self, ledger):
        with self.server().wait_for_announcement() as server:
            with self.engine(server, ledger=ledger) as engine:
                assert engine.wait() == 0, engine.log.read_text()
            assert server.stop() == 0


def final_positions(ledger):
    return rows(ledger, "equity")[-1][1]["quantities"]


def fills(ledger):
    return [(p["client_order_id"], p["fill"], p["quantity"], p["price"], p["fee"])
            for _, p in rows(ledger, "order_filled")]


class WholeWay(unittest.TestCase):
    def walk(self, kind, price_column):
        with workshop(kind) as shop:
            with shop.server().wait_for_announcement() as server:
                self.assertIn("alive", fetch(f"{server.addresses['http']}/health"))
                with shop.engine(server) as engine:
                    self.assertEqual(engine.wait(), 0, engine.log.read_text())
                served = fetch(f"{server.addresses['http']}/metrics")
                self.assertEqual(server.stop(), 0)
            self.check_decisions(shop, served)
            self.check_fills(shop, price_column)
            self.check_cash(shop)
            run("ledger", "verify", shop.ledger)
            run("ledger", "replay", shop.ledger)

    def check_decisions(self, shop, served):
        decisions = [p for _, p in rows(shop.ledger, "decision")]
        self.assertEqual(len(decisions), TRADED_BARS)
        self.assertTrue(all(p["status"] == "decided" for p in decisions), decisions[0])
        self.assertEqual(metric(served, 'regent_decisions_total{status="decided"}'), TRADED_BARS)
        for decision in decisions:
            self.assertAlmostEqual(sum(decision["macro_posterior"]), 1, places=6)
            self.assertLessEqual(max(abs(w) for w in decision["weights"]), 0.1 + 1e-9)

    def check_fills(self, shop, price_column):
        """Every fill is at the next bar's price, never at the bar's whose decision made the order."""
        market = read_market(work(shop.kind) / "replay.csv")
        times = list(market)
        orders = {p["client_order_id"]: p for _, p in rows(shop.ledger, "order")}
        filled = [p for _, p in rows(shop.ledger, "order_filled")]
        self.assertGreater(len(filled), 20)
        for fill in filled:
            order = orders[fill["client_order_id"]]
            signal_bar = times.index(order["timestamp_ms"])
            self.assertEqual(fill["timestamp_ms"], times[signal_bar + 1])
            price = float(market[times[signal_bar + 1]][order["symbol"]][price_column])
            adverse = 1 + SLIPPAGE if order["quantity"] > 0 else 1 - SLIPPAGE
            self.assertAlmostEqual(fill["price"] / (price * adverse), 1, places=12)
            self.assertAlmostEqual(fill["fee"], abs(fill["quantity"]) * fill["price"] * FEE, places=6)
            self.assertEqual(fill["quantity"], order["quantity"])

    def check_cash(self, shop):
        """Cash is what the start left after every fill; equity is cash plus positions at the last close."""
        symbols = rows(shop.ledger, "started")[0][1]["symbols"]
        orders = {p["client_order_id"]: p["symbol"] for _, p in rows(shop.ledger, "order")}
        cash, quantities = START_CASH, dict.fromkeys(symbols, 0.0)
        for _, fill in rows(shop.ledger, "order_filled"):
            cash -= fill["quantity"] * fill["price"] + fill["fee"]
            quantities[orders[fill["client_order_id"]]] += fill["quantity"]
        last = rows(shop.ledger, "equity")[-1][1]
        self.assertAlmostEqual(last["cash"], cash, places=4)
        closes = rows(shop.ledger, "bar")[-1][1]["close"]
        for index, symbol in enumerate(symbols):
            self.assertAlmostEqual(last["quantities"][index], quantities[symbol], places=6)
        value = sum(quantities[symbol] * closes[index] for index, symbol in enumerate(symbols))
        self.assertAlmostEqual(last["equity"], cash + value, places=3)

    def test_ohlcv(self):
        self.walk("ohlcv", "open")

    def test_closes(self):
        self.walk("closes", "close")


class WhenThingsBreak(unittest.TestCase):
    def test_server_killed(self):
        """The engine holds while the server is away and goes on when it is back."""
        with workshop("ohlcv") as shop:
            server = shop.server().wait_for_announcement()
            endpoint = server.addresses["endpoint"]
            with server, shop.engine(server, "--set", "engine.pace_ms=20",
                                     "--set", "engine.deadline_ms=100") as engine:
                engine.wait_for_announcement()
                page = f"{engine.addresses['http']}/metrics"
                decided = lambda: len([1 for _, p in rows(shop.ledger, "decision") if p["status"] == "decided"])
                processes.wait_until(lambda: shop.ledger.exists() and decided() > 30, "30 decisions", engine.process)
                server.kill()
                held = lambda: any(p["to"] == "HOLD" for _, p in rows(shop.ledger, "state")[1:])
                processes.wait_until(held, "HOLD", engine.process)
                self.assertGreaterEqual(metric(fetch(page), "regent_equity"), 1)
                orders_in_hold = len(rows(shop.ledger, "order"))
                time.sleep(0.3)
                with shop.server(endpoint).wait_for_announcement() as second:
                    before = decided()
                    processes.wait_until(lambda: decided() > before + 20, "decisions after the restart", engine.process)
                    self.assertEqual(engine.wait(), 0, engine.log.read_text())
                    self.assertEqual(second.stop(), 0)
            states = [p["to"] for _, p in rows(shop.ledger, "state")]
            self.assertEqual(states[-1], "ACTIVE", states)
            self.assertGreater(len(rows(shop.ledger, "order")), orders_in_hold)
            self.assert_no_new_risk_in_hold(shop.ledger)
            run("ledger", "verify", shop.ledger)
            run("ledger", "replay", shop.ledger)

    def assert_no_new_risk_in_hold(self, ledger):
        state = "HOLD"
        for kind, payload in rows(ledger, "state", "order"):
            if kind == "state":
                state = payload["to"]
            elif state != "ACTIVE":
                self.assertTrue(payload["reducing"], payload)

    def test_engine_killed(self):
        """Killed with SIGKILL again and again: no order twice, none lost, the positions of the undisturbed run."""
        with workshop("ohlcv") as shop:
            calm = shop.folder / "calm.db"
            shop.undisturbed(calm)
            with shop.server().wait_for_announcement() as server:
                for target in (1200, 2000, 2800):
                    with shop.engine(server, "--set", "engine.pace_ms=2") as engine:
                        grown = lambda: shop.ledger.exists() and len(rows(shop.ledger)) > target
                        with contextlib.suppress(processes.TimedOut):  # the run may end before it grows so far
                            processes.wait_until(grown, f"{target} rows", engine.process)
                        engine.kill()
                with shop.engine(server) as engine:
                    self.assertEqual(engine.wait(), 0, engine.log.read_text())
                self.assertEqual(server.stop(), 0)
            identifiers = [fill[:2] for fill in fills(shop.ledger)]
            self.assertEqual(len(identifiers), len(set(identifiers)))
            self.assertEqual(fills(shop.ledger), fills(calm))
            self.assertEqual(final_positions(shop.ledger), final_positions(calm))
            self.assertGreaterEqual(len(rows(shop.ledger, "started")), 3)
            run("ledger", "verify", shop.ledger)
            run("ledger", "replay", shop.ledger)

    def test_same_decisions_again(self):
        """A server gives the recorded decisions again, bit for bit; two runs give the same fills."""
        with workshop("ohlcv") as shop:
            shop.undisturbed(shop.ledger)
            with shop.server().wait_for_announcement() as server:
                run("ledger", "replay", shop.ledger, "--server", server.addresses["endpoint"])
                self.assertEqual(server.stop(), 0)
            again = shop.folder / "again.db"
            shop.undisturbed(again)
            self.assertEqual(fills(again), fills(shop.ledger))
            shown = run("ledger", "show", shop.ledger, "--kind", "decision", "--limit", "3", "--json").stdout
            self.assertEqual(shown.count("macro_posterior"), 3)

    def test_damaged_ledger(self):
        """One flipped byte, and a tail cut off, are found; so is a kill through the control socket or a signal."""
        with workshop("ohlcv") as shop:
            with shop.server().wait_for_announcement() as server:
                with shop.engine(server, "--set", "engine.pace_ms=5") as engine:
                    engine.wait_for_announcement()
                    processes.wait_until(lambda: shop.ledger.exists() and len(rows(shop.ledger, "order")) > 5, "orders", engine.process)
                    engine.process.send_signal(signal.SIGUSR1)
                    self.assertEqual(engine.wait(), 0, engine.log.read_text())
                self.assertEqual(server.stop(), 0)
            self.assertEqual([p["to"] for _, p in rows(shop.ledger, "state")][-1], "HALTED")
            self.assert_no_new_risk_in_hold(shop.ledger)
            run("ledger", "verify", shop.ledger)
            self.assert_found(shop, "update event set payload = replace(payload, '1', '2') where sequence = 700")
            self.assert_found(shop, "delete from event where sequence > (select max(sequence) - 5 from event)")

    def assert_found(self, shop, statement):
        damaged = shop.folder / "damaged" / "ledger.db"
        shutil.rmtree(damaged.parent, ignore_errors=True)
        damaged.parent.mkdir()
        for file in shop.folder.glob("ledger.db*"):
            shutil.copy(file, damaged.parent / file.name)
        with contextlib.closing(sqlite3.connect(damaged)) as database:
            for (trigger,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                sql = database.execute("select sql from sqlite_master where name = ?", (trigger,)).fetchone()[0]
                database.execute(f"drop trigger {trigger}")
                self.triggers = getattr(self, "triggers", []) + [sql]
            database.execute(statement)
            for sql in self.triggers:
                database.execute(sql)
            self.triggers = []
            database.commit()
        result = run("ledger", "verify", damaged, check=False)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        print(result.stdout.strip() or result.stderr.strip())


if __name__ == "__main__":
    unittest.main()
