"""Dissects a folder of captures of about one message each and prints a table: see tools/samples.

A file's folder says its protocol, its name the message that it holds.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
from pathlib import Path

# Beginning of a file's folder, and the feeds it may be taken for: those that `tapeline protocols`
# lists under a description of one of these names. In the order of the search.
SUPPORTED = [
    ("Nasdaq/Bx.Equities.TotalView", ["ITCH"]),
    ("Nasdaq/Nasdaq.Equities.TotalView", ["ITCH"]),
    ("Nasdaq/Psx.Equities.TotalView", ["ITCH"]),
    ("Nasdaq/Uqdf.Output", ["Utp"]),
    ("Iex/", ["IEX"]),
    ("Cme/Mdp3", ["MDP3"]),
    ("Cboe/Byx.Equities.DepthOfBook.Pitch", ["Pitch"]),
    ("Cboe/Futures.DepthOfBook.Pitch", ["Pitch"]),
    ("Cboe/Options.ComplexDepthOfBook.Pitch", ["Pitch"]),
    ("Cboe/Options.DepthOfBook.Pitch", ["Pitch"]),
    ("Nyse/", ["Pillar", "OpenBook"]),
    ("Siac/Cqs", ["Cta"]),
    ("Siac/Cts", ["Cta"]),
    ("Siac/Opra", ["Opra"]),
    ("Memx/", ["Memx"]),
    ("Miax/", ["Miax"]),
    ("Jnx/", ["Jnx"]),
    ("Eurex/Eobi", ["Eobi"]),
    ("B3/BinaryUmdf", ["Umdf", "B3"]),
    ("Coinbase/", ["Coinbase", "CoinbaseSnapshot"]),
]

# Files that are not of the protocol that their folder names.
MISFILED = {
    # Session, symbol and message are Nasdaq's.
    "Memx/Equities.MemiorDepth.v1.3/StockTradingActionMessage.pcap": ["ITCH"],
}

# What is not supported, and why. Beginnings of paths below the folder of samples.
UNSUPPORTED = [
    ("Box/", "Box SOLA: no page of facts"),
    ("Cboe/Options.MarketLevel2.Csm", "Cboe CSM (CBOE Streaming Markets, retired): no page of facts"),
    ("Cboe/Options.TopOfMarket.Csm", "Cboe CSM (CBOE Streaming Markets, retired): no page of facts"),
    ("Ice/", "ICE iMpact: no page of facts"),
    ("Imperative/", "IntelligentCross ASPEN: no page of facts"),
    ("Nasdaq/Ise.", "Nasdaq ISE complex order feeds: no page of facts"),
    ("Nasdaq/Nasdaq.Equities.Bbo", "Nasdaq BBO: no page of facts"),
    ("Nasdaq/Nasdaq.Equities.NlsPlus", "Nasdaq Last Sale Plus: no page of facts"),
    ("Otc/", "OTC Markets: no page of facts"),
    ("Tmx/", "TMX SOLA and XMT: no page of facts"),
]

# Where our name of a message differs from the one in the file's name by more than case, blanks and
# the word "message". Keys are normalised; a value is one or several of our names, normalised too.
ALIASES = {
    "ITCH": {
        "addordernompidattribution": "addorder",
        "addordernompid": "addorder",
        "addordermpidattribution": "addorderattributed",
        "addorderwithmpidattribution": "addorderattributed",
        "addorderwithmpid": "addorderattributed",
        "noncrosstrade": "tradenoncross",
        "trademessagenoncross": "tradenoncross",
        "netorderimbalanceindicator": "netorderimbalance",
        "marketparticipantposition": "participantposition",
        "stocktradingaction": "tradingaction",
        "regshoshortsalepricetestrestrictedindicator": "regshorestriction",
        "retailinterest": "retailinterest",
        "luldauctioncollar": "auctioncollar",
    },
    "IEX": {
        "pricelevelbuyupdate": "pricelevelbuy",
        "pricelevelsellupdate": "pricelevelsell",
        "operationalhaltstatus": "operationalhalt",
        "shortsalepriceteststatus": "shortsaletest",
        "retailliquidityindicator": "retailliquidity",
        "trade": "tradereport",
    },
    "Pitch": {
        "addordershort": ["complexaddordershort", "futureaddordershort"],
        "addorderlong": ["complexaddorderlong", "futureaddorderlong"],
        "modifyordershort": ["complexmodifyordershort", "futuremodifyordershort"],
        "modifyorderlong": ["complexmodifyorderlong", "futuremodifyorderlong"],
        "delete": "deleteorder",
        "tradingstatus": ["equitytradingstatus", "optiontradingstatus", "futuretradingstatus"],
        "auctionnotification": "complexauctionnotification",
        "auctionupdate": "complexauctionupdate",
        "futureinstrumentdefinition": "futuredefinition",
        "complexinstrumentdefinitionexpanded": "complexdefinitionexpanded",
    },
    "Eobi": {
        "executionsummary": ["executionsummary3", "executionsummary6"],
        "fullorderexecution": "fullorderexecution6",
        "instrumentsummary": "instrumentsummary6",
        "orderadd": "orderadd6",
        "ordermodify": "ordermodify6",
        "partialorderexecution": "partialorderexecution6",
        "snapshotorder": "snapshotorder6",
    },
    "B3": {"priceband": "pricebandofversion5", "sequence": "sequence2"},
    "CoinbaseSnapshot": {
        "startofoutrightinstrumentsnapshot": "startofoutright",
        "startofspreadinstrumentsnapshot": "startofspread",
    },
    "Memx": {"regshowrestriction": "regshorestriction"},
    "Miax": {
        "systemstatus": "optionssystemstate",
        "systemstate": "futuressystemstate",
        "instrumenttradingstatusnotification": "futurestradingstatusupdate",
    },
    "Utp": {
        "limituplimitdownpriceband": "priceband",
        "quotelongform": "longquote",
        "quoteshortform": "shortquote",
    },
    "Opra": {
        "longequityandindexquote": "longquote",
        "shortequityandindexquote": "shortquote",
    },
    "Pillar": {
        "optionsquote": "seriesquote",
        "sequencereset": "sequencenumberreset",
        "replaceorder": "replaceorderxdp",
        "orderexecution": "orderexecutionxdp",
    },
    "Jnx": {
        "shortsellingpricerestrictionstate": "shortselling",
        "timestampseconds": "seconds",
    },
}

# Files whose messages are longer than what is known of them, and why that is right.
LONGER = (
    ("Coinbase/", "messages are padded to a multiple of 8 bytes"),
    ("Eurex/Eobi.T7.v6.0/", "this release sends room for 15 entries, whatever their number"),
    ("Nyse/IntegratedFeed.Pillar.v2.5/ImbalanceMessage", "the facts know one byte less"),
)


def normal(text):
    text = re.sub(r"[^a-z0-9]", "", text.lower())
    return text.removesuffix("message") if text != "message" else text


class Promise:
    """What a file's name says that it holds."""

    def __init__(self, path):
        name = path.name.removesuffix(".pcap")
        name = re.sub(r"\.(Tcp|\d+)$", "", name)
        name = re.sub(r"^(Bbo|NlsPlus)\.", "", name)
        self.letters = None
        found = re.match(r"^(?:([A-Za-z0-9])_)?([A-Za-z0-9])_(.+)$", name)
        if found:
            self.letters = (found[1] or "") + found[2]
            name = found[3]
        self.name = normal(name)
        # A heartbeat may be a packet without messages.
        self.is_heartbeat = self.name == "heartbeat"
        self.is_several = self.name in ("multiplemessages", "multiple")
        self.is_every = self.name == "allmessagetypes"

    def is_kept(self, packets, family, siblings):
        """`siblings`: keys that the names of the folder's other files have."""
        messages = [m for p in packets for m in p["messages"]]
        if self.is_several:
            return len(messages) > 1
        if self.is_every:
            return {m["key"] for m in messages} >= siblings
        if self.is_heartbeat and any(
                p["kind"] == "heartbeat" or not p["messages"] for p in packets):
            return True
        if self.letters and any(m["key"] == self.letters for m in messages):
            return True
        wanted = ALIASES.get(family, {}).get(self.name, self.name)
        wanted = {self.name, *([wanted] if isinstance(wanted, str) else wanted)}
        # Names may end with the template or the release where several of one name differ.
        return any(
            normal(m["name"] or "") in wanted
            or re.sub(r"\d+$", "", normal(m["name"] or "")) in wanted for m in messages)


class Row:
    def __init__(self, path, status, protocol="", messages="", reason=""):
        self.path, self.status, self.protocol = path, status, protocol
        self.messages, self.reason = messages, reason


def dissect(program, path):
    done = subprocess.run(
        [program, "dissect", "--json", str(path)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return None, done.stderr.strip() or f"exit code {done.returncode}"
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.strip()


def judge(packets, path, relative, families, protocols, error):
    """The row of a file whose folder belongs to supported protocols."""
    if packets is None:
        return Row(relative, "FAILED", reason=error)
    feeds = list(dict.fromkeys(p["protocol"] or "?" for p in packets))
    messages = collections.Counter(
        m["name"] or f"unknown {m['key']}" for p in packets for m in p["messages"])
    names = ", ".join(f"{n} ×{c}" if c > 1 else n for n, c in messages.items())
    if not messages:
        names = ", ".join(dict.fromkeys(p.get("kind", "-") for p in packets))
    row = Row(relative, "FAILED", ", ".join(feeds), names)
    siblings = {Promise(other).letters for other in path.parent.glob("*.pcap")} - {None}
    problems = [text for p in packets for text in p["problems"]] + [
        f"{m['name'] or m['key']}: {m['extra']} bytes more than known"
        for p in packets for m in p["messages"]
        if m["extra"] and not any(relative.startswith(start) for start, _ in LONGER)] + [
        f"{m['name'] or m['key']}: {m['contradictions']} fields contradict the description"
        for p in packets for m in p["messages"] if m["contradictions"]] + [
        f"{m['name'] or m['key']} {m['status']}: {m.get('problem', '')}"
        for p in packets for m in p["messages"] if m["status"] != "whole"]
    trailing = sum(p.get("trailing", 0) for p in packets)
    wrong = [f for f in feeds if protocols.get(f) not in families]
    if not packets:
        row.reason = "no packet with a payload"
    elif wrong:
        row.reason = f"taken for {', '.join(wrong)}" if wrong != ["?"] else "not recognized"
    elif problems:
        row.reason = "; ".join(problems)
    elif trailing:
        row.reason = f"{trailing} bytes behind the last message"
    elif not Promise(Path(relative)).is_kept(
            packets, protocols[feeds[0]], siblings):
        row.reason = "the message of its name is not in it"
    else:
        row.status = "ok"
    return row


def examine(program, folder, protocols):
    known = set(protocols.values())
    rows = []
    for path in sorted(folder.rglob("*.pcap")):
        relative = str(path.relative_to(folder))
        reason = next((r for start, r in UNSUPPORTED if relative.startswith(start)), None)
        families = MISFILED.get(relative) or next(
            (f for start, f in SUPPORTED if relative.startswith(start)), [])
        packets, error = dissect(program, path)
        if reason is None and not known.intersection(families):
            missing = f"no description named {' or '.join(families)}" if families else "no rule"
            rows.append(Row(relative, "FAILED", reason=missing))
            continue
        if reason is not None:
            row = judge(packets, path, relative, families, protocols, error)
            rows.append(Row(relative, "unsupported", row.protocol, row.messages, reason))
        else:
            rows.append(judge(packets, path, relative, families, protocols, error))
    return rows


def show(rows, only_failures):
    head = ["file", "protocol", "messages", "status"]
    cells = [
        [r.path, r.protocol, r.messages[:60] if r.status != "unsupported" else "",
         r.status + (f": {r.reason}" if r.reason and r.status == "FAILED" else "")]
        for r in rows if not only_failures or r.status == "FAILED"]
    if cells:
        widths = [max(len(row[i]) for row in [head] + cells) for i in range(3)]
        for row in [head] + cells:
            print("  ".join(c.ljust(w) for c, w in zip(row, widths + [0])).rstrip())
    print("\nNot supported:")
    reasons = collections.Counter(r.reason for r in rows if r.status == "unsupported")
    for reason, count in reasons.items():
        print(f"  {count:3} files  {reason}")
        if not only_failures:
            for row in rows:
                if row.status == "unsupported" and row.reason == reason:
                    print(f"             {row.path}")


def main():
    parser = argparse.ArgumentParser(prog="tools/samples")
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tapeline", type=Path, help="program (default: release, else debug build)")
    parser.add_argument("--failures", action="store_true", help="list only files that fail")
    parser.add_argument("folder", type=Path, nargs="?")
    options = parser.parse_args()
    program = options.tapeline
    if program is None:
        builds = [options.root / ".build" / kind / "tapeline" for kind in ("release", "debug")]
        program = next((b for b in builds if b.exists()), None)
        if program is None:
            sys.exit("tools/samples: no build: run swift build first")
    folder = options.folder or Path(
        os.environ.get("TAPELINE_SAMPLES", options.root / "../shared/samples")) / "one-message"
    if not folder.is_dir():
        print(f"skipped: no samples in {folder} (set TAPELINE_SAMPLES)")
        sys.exit(77)
    listing = subprocess.run(
        [program, "protocols", "--json"], capture_output=True, text=True, check=True).stdout
    protocols = {}
    for line in listing.splitlines():
        feed = json.loads(line)
        protocols[feed["feed"]] = feed["protocol"]
    rows = examine(program, folder, protocols)
    show(rows, options.failures)
    count = collections.Counter(r.status for r in rows)
    print(f"\n{len(rows)} files: {count['ok']} hold their message whole, {count['FAILED']} fail, "
          f"{count['unsupported']} are of protocols that are not supported")
    # Nothing found is no success either.
    sys.exit(1 if count["FAILED"] or not count["ok"] else 0)


main()
