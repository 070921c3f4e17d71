#!/usr/bin/env python3
"""Measure the translator on corpus files without a server: translate, run on DuckDB in process, compare.

  run_corpus.py --translate PROGRAM --score googlesql_score.py [--only TEXT] [--failures OUT] FILE...

PROGRAM is tests/googlesql/translate.cc linked with the googlesql module (see README.md beside this file).
googlesql_score.py is the scorer for running servers; its cases and comparisons are used here.
Needs Python's duckdb 1.4.4 and pytz.
"""
import argparse
import collections
import datetime
import importlib.util
import json
import re
import subprocess
import sys

import duckdb


class Refused(Exception):
    """The translator said no: (code, message)."""


class Raised(Exception):
    """DuckDB said no."""


class Translator:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.session = json.loads(self.process.stdout.readline())['session']

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit('the translator died on: %r' % request['sql'])
        answer = json.loads(line)
        if 'code' in answer:
            raise Refused(answer['code'], answer['message'])
        return answer


def decode(v, t):
    k = t[0]
    if k == 'ARRAY':
        return [] if v is None else [decode(x, t[1]) for x in v]
    if v is None:
        return None
    if k == 'STRUCT':
        values = list(v.values()) if isinstance(v, dict) else list(v)
        return ('struct', tuple(n for n, _ in t[1]), [decode(x, y) for x, (_, y) in zip(values, t[1])])
    if k == 'DATE':
        return score.scalar_from_text(v, t) if isinstance(v, str) else ('date', score.epoch_days(v.year, v.month, v.day))
    if k == 'TIME':
        return ('time', (((v.hour * 60 + v.minute) * 60 + v.second) * 1000000 + v.microsecond) * 1000000)
    if k in ('DATETIME', 'TIMESTAMP'):
        if v.tzinfo is not None:
            v = v.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        d = v - datetime.datetime(1970, 1, 1)
        return (k.lower(), ((d.days * 86400 + d.seconds) * 1000000 + d.microseconds) * 1000000)
    if k == 'JSON':
        return score.parse_json(v)
    if k == 'INTERVAL':
        return interval(v)
    if k == 'INT64':
        return int(v)
    return v


def interval(text):
    if not isinstance(text, str):
        return ('interval', 0, 0, 0)
    months = days = 0
    for n, unit in re.findall(r'(-?\d+) (year|month|day)s?', text):
        if unit == 'year':
            months += 12 * int(n)
        elif unit == 'month':
            months += int(n)
        else:
            days += int(n)
    m = re.search(r'(-?)(\d+):(\d+):(\d+)(?:\.(\d+))?$', text)
    picos = 0
    if m:
        picos = ((int(m[2]) * 3600 + int(m[3]) * 60 + int(m[4])) * 10**12 + int((m[5] or '').ljust(12, '0')))
        picos = -picos if m[1] else picos
    return ('interval', months, days, picos)


class Response:
    """What the scorer's checks look at."""

    def __init__(self, columns, rows):
        self.schema = [{'name': c['name'], 'type': c['type']} for c in columns]
        self.types = [score.type_from_text(c['type']) for c in columns]
        self.rows = rows
        self.notes = set()

    def decoded(self):
        return self.types, [[decode(v, t) for v, t in zip(r, self.types)] for r in self.rows]


ORACLE = {'INT64': 'BIGINT', 'FLOAT64': 'DOUBLE', 'STRING': 'VARCHAR', 'BOOL': 'BOOLEAN', 'BYTES': 'BLOB',
          'NUMERIC': 'DECIMAL(38,9)', 'DATE': 'DATE', 'TIMESTAMP': 'TIMESTAMP WITH TIME ZONE', 'DATETIME': 'TIMESTAMP'}


class Database:
    def __init__(self, translator):
        self.translator = translator
        self.db = duckdb.connect()
        self.db.execute(translator.session)
        self.tables = {}
        self.oracle = []

    def reset(self):
        for name, table in self.tables.items():
            if 'view' not in table:
                self.db.execute('DROP TABLE IF EXISTS "%s"' % name)
        self.tables = {}

    def sql(self, text, params=()):
        try:
            return self.db.execute(text, params) if params else self.db.execute(text)
        except duckdb.Error as e:
            raise Raised(str(e)) from None

    def run(self, text, zone, params=()):
        a = self.translator.ask(sql=text, time_zone=zone or 'UTC', tables=self.tables,
                                params=[{'name': p.get('name', ''), 'type': type_text(p['parameterType'])} for p in params])
        values = [param_value(params[i]['parameterValue'], params[i]['parameterType']) for i in a['order']]
        kind = a['kind']
        if kind in ('CREATE_TABLE', 'CREATE_TABLE_AS_SELECT'):
            name = a['target']
            self.sql('DROP TABLE IF EXISTS "%s"' % name)
            self.sql('CREATE TABLE "%s" (%s)' % (name, ', '.join('"%s" %s' % (c['name'], c['duckdb']) for c in a['create'])))
            if kind == 'CREATE_TABLE_AS_SELECT':
                self.sql('INSERT INTO "%s" %s' % (name, a['sql']), values)
            self.tables[name] = {'columns': [{'name': c['name'], 'type': c['type']} for c in a['create']]}
            return None
        if kind == 'CREATE_VIEW':
            self.tables[a['target']] = {'columns': a['columns'], 'view': a['view']}
            return None
        if kind == 'SELECT':
            sql = a['sql']
            if any('INTERVAL' in c['type'] for c in a['columns']):
                names = ', '.join('CAST(#%d AS VARCHAR)' % (i + 1) if c['type'] == 'INTERVAL' else '#%d' % (i + 1)
                                  for i, c in enumerate(a['columns']))
                sql = 'SELECT %s FROM (%s)' % (names, sql)
            result = self.sql(sql, values)
            for c, d in zip(a['columns'], result.description):
                if ORACLE.get(c['type'], str(d[1])) != str(d[1]):
                    self.oracle.append('%s is %s: %s' % (c['type'], d[1], text))
            try:
                return Response(a['columns'], result.fetchall())
            except (duckdb.Error, ValueError, OverflowError) as e:
                raise Raised(str(e)) from None
        for guard in a['guards']:
            if self.sql(guard['sql'], values).fetchall():
                raise Raised('LF: ' + guard['error'])
        rows = self.sql(a['sql'], values).fetchall()
        self.modified = len(rows) if kind == 'MERGE' else rows[0][0] if rows else 0
        return None


def type_text(t):
    if t['type'] == 'ARRAY':
        return 'ARRAY<%s>' % type_text(t['arrayType'])
    if t['type'] == 'STRUCT':
        return 'STRUCT<%s>' % ', '.join(((f.get('name') or '') + ' ' + type_text(f['type'])).strip() for f in t['structTypes'])
    return t['type']


def param_value(v, t):
    if t['type'] == 'ARRAY':
        return [param_value(x, t['arrayType']) for x in v.get('arrayValues', [])]
    x = v.get('value')
    if x is None:
        return None
    if t['type'] == 'INT64':
        return int(x)
    if t['type'] == 'FLOAT64':
        return score.float_from_text(x)
    if t['type'] == 'BOOL':
        return x == 'true'
    if t['type'] == 'BYTES':
        import base64
        return base64.b64decode(x)
    return x


def classify(case, database, options):
    database.reset()
    zone = case.zone
    try:
        for s in case.setup:
            try:
                database.run(s, zone)
            except (Refused, Raised) as e:
                if not case.lenient_setup:
                    raise
        if case.prefix:
            return 'unsupported', 'script prefix'
        result = database.run(case.sql, zone, case.params)
    except Refused as e:
        code, message = e.args
        if case.error is not None and code != 'UNIMPLEMENTED':
            return 'pass', message
        if case.refusal and re.search(case.refusal, message, re.I):
            return 'pass', message
        if code == 'UNIMPLEMENTED' or 'not supported' in message:
            return 'unsupported', message
        return 'error', message
    except Raised as e:
        if case.error is not None:
            return 'pass', str(e)
        if 'LF: ' in str(e) and 'not supported' in str(e):
            return 'unsupported', str(e)
        return 'error', 'DuckDB: ' + str(e)
    if case.error is not None:
        return 'accepted_error', 'expected: %s' % case.error.get('message')
    if case.mode == 'dml':
        if case.modified is not None and case.modified != database.modified:
            return 'wrong', 'modified %s, expected %s' % (database.modified, case.modified)
        if case.after:
            result = database.run('SELECT * FROM `%s`' % case.target, zone)
            diff = case.after(result)
            return ('wrong', diff) if diff else ('pass', '')
        return 'pass', ''
    if result is None:
        return 'pass', ''
    if case.check is None:
        return 'skipped', ''
    diff = case.check(result)
    return ('wrong', diff) if diff else ('pass', '')


def main():
    global score
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--translate', required=True)
    parser.add_argument('--score', required=True)
    parser.add_argument('--only', default='')
    parser.add_argument('--bq-class', default='core')
    parser.add_argument('--failures')
    parser.add_argument('--max-wrong', type=float, help='fail when more than this share is wrong')
    parser.add_argument('files', nargs='+')
    o = parser.parse_args()
    spec = importlib.util.spec_from_file_location('googlesql_score', o.score)
    score = importlib.util.module_from_spec(spec)
    sys.modules['googlesql_score'] = score
    spec.loader.exec_module(score)
    options = argparse.Namespace(bq_class={o.bq_class}, include_random=False, include_unchecked=False, strict_names=False)
    readers = {'compliance': score.from_compliance, 'queries': score.from_queries, 'docs': score.from_docs,
               'specs': score.from_specs}
    import gzip
    database = Database(Translator(o.translate))
    counts = collections.defaultdict(collections.Counter)
    failures = []
    for path in o.files:
        for line in gzip.open(path, 'rt') if path.endswith('.gz') else open(path):
            record = json.loads(line)
            corpus = score.corpus_of(record)
            if corpus not in readers or o.only not in record['id']:
                continue
            case = readers[corpus](record, options)
            if case is None:
                continue
            if case.skip:
                state, why = 'skipped', case.skip
            else:
                before = len(database.oracle)
                try:
                    state, why = classify(case, database, options)
                except Exception as e:  # a harness failure is reported, not hidden
                    state, why = 'error', 'harness: %r' % e
                if len(database.oracle) > before:
                    why += ' ORACLE ' + database.oracle[-1][:60]
            counts[case.label][state] += 1
            counts[corpus][state] += 1
            if state not in ('pass', 'skipped'):
                failures.append({'id': case.id, 'state': state, 'why': why, 'sql': case.sql, 'category': case.label})
    for label in sorted(counts):
        c = counts[label]
        scored = sum(c.values()) - c['skipped']
        print('%-34s %5d  pass %5.1f%%  %s' % (label, scored, 100.0 * c['pass'] / max(scored, 1), dict(c)))
    print('type oracle disagreements: %d' % len(database.oracle))
    for line in database.oracle[:10]:
        print('  ' + line[:200].replace('\n', ' '))
    if o.failures:
        with open(o.failures, 'w') as f:
            for failure in failures:
                f.write(json.dumps(failure) + '\n')


if __name__ == '__main__':
    main()
