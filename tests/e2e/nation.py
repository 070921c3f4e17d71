"""The 25 nations of TPC-H: key, name, region key."""
NAMES = ("ALGERIA ARGENTINA BRAZIL CANADA EGYPT ETHIOPIA FRANCE GERMANY INDIA INDONESIA IRAN IRAQ JAPAN JORDAN KENYA "
         "MOROCCO MOZAMBIQUE PERU CHINA ROMANIA SAUDI_ARABIA VIETNAM RUSSIA UNITED_KINGDOM UNITED_STATES").split()
REGIONS = [0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1]
ROWS = [(key, name.replace("_", " "), region) for key, (name, region) in enumerate(zip(NAMES, REGIONS))]
FIELDS = ["n_nationkey INTEGER", "n_name STRING", "n_regionkey INTEGER"]


def csv(delimiter="|"):
    return "".join(delimiter.join(map(str, row)) + "\n" for row in ROWS)


def ndjson():
    import json
    return "".join(json.dumps(dict(zip(("n_nationkey", "n_name", "n_regionkey"), row))) + "\n" for row in ROWS)
