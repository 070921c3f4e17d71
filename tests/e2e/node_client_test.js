// @google-cloud/storage and @google-cloud/bigquery (npm), unmodified, against the real binary. Run: node FILE BINARY
'use strict';
const {test, before, after} = require('node:test');
const assert = require('node:assert');
const {spawn} = require('node:child_process');
const {mkdtempSync, rmSync, writeFileSync} = require('node:fs');
const {tmpdir} = require('node:os');
const path = require('node:path');
const {Storage} = require('@google-cloud/storage');
const {BigQuery} = require('@google-cloud/bigquery');
const {OAuth2Client} = require('google-auth-library');

const binary = process.argv[2] || process.env.LANDFALL_BINARY;
const dir = mkdtempSync(path.join(tmpdir(), 'landfall-node-'));
let server, url, storage, bigquery;

before(async () => {
  server = spawn(binary, ['up', '--listen', '127.0.0.1:0', '--data-dir', path.join(dir, 'd'), '--log-level', 'warn'],
    {stdio: ['ignore', 'pipe', 'inherit']});
  url = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (chunk) => {
      text += chunk;
      const ready = /^landfall ready (\S+)/m.exec(text);
      if (ready) resolve(ready[1]);
    });
    server.on('exit', (status) => reject(new Error(`landfall ended with ${status}`)));
  });
  storage = new Storage({apiEndpoint: url, projectId: 'landfall'});
  // Any token will do; a local-file load of this client needs one.
  const authClient = new OAuth2Client();
  authClient.setCredentials({access_token: 'anything'});
  bigquery = new BigQuery({apiEndpoint: url, projectId: 'landfall', authClient});
});

after(async () => {
  server.removeAllListeners('exit');
  const ended = new Promise((resolve) => server.on('exit', resolve));
  server.kill('SIGTERM');
  assert.strictEqual(await ended, 0);
  rmSync(dir, {recursive: true});
});

test('storage: resumable, multipart, ranges, lists, metadata, delete', async () => {
  const [bucket] = await storage.createBucket('node-bucket');
  await bucket.file('a/small.txt').save('hello', {resumable: false, metadata: {contentType: 'text/plain', metadata: {k: 'v'}}});
  const big = Buffer.alloc(3 * 1024 * 1024 + 5, 'landfall');
  await bucket.file('a/big.bin').save(big);  // the default is resumable
  assert.deepStrictEqual((await bucket.file('a/big.bin').download())[0], big);
  assert.strictEqual((await bucket.file('a/small.txt').download({start: 1, end: 3}))[0].toString(), 'ell');
  const [metadata] = await bucket.file('a/small.txt').getMetadata();
  assert.strictEqual(metadata.metadata.k, 'v');
  const [files] = await bucket.getFiles({prefix: 'a/'});
  assert.deepStrictEqual(files.map((f) => f.name), ['a/big.bin', 'a/small.txt']);
  await assert.rejects(bucket.file('a/small.txt').save('x', {resumable: false, preconditionOpts: {ifGenerationMatch: 0}}), {code: 412});
  await bucket.file('a/small.txt').delete();
  await assert.rejects(bucket.file('a/small.txt').download(), {code: 404});
});

test('storage: emulator variable, whose paths lack the /storage/v1 prefix', async () => {
  process.env.STORAGE_EMULATOR_HOST = url;
  const emulated = new Storage({projectId: 'landfall'});
  delete process.env.STORAGE_EMULATOR_HOST;
  const [bucket] = await emulated.createBucket('node-emulated');
  await bucket.file('x').save('1', {resumable: false});
  assert.strictEqual((await bucket.file('x').download())[0].toString(), '1');
});

test('bigquery: datasets, tables, load of a local file, query, paging', async () => {
  const [dataset] = await bigquery.createDataset('node_data');
  const [table] = await dataset.createTable('people', {schema: 'name:string, age:integer'});
  const file = path.join(dir, 'people.csv');
  writeFileSync(file, 'ada,36\ngrace,85\n');
  const [job] = await table.load(file, {sourceFormat: 'CSV'});
  assert.strictEqual(job.status.state, 'DONE');
  const [rows] = await bigquery.query({query: 'SELECT name, age FROM node_data.people WHERE age > @n ORDER BY age', params: {n: 1}});
  assert.deepStrictEqual(rows, [{name: 'ada', age: 36}, {name: 'grace', age: 85}]);
  const [listed] = await table.getRows();
  assert.strictEqual(listed.length, 2);
  await assert.rejects(bigquery.query('SELECT nope FROM node_data.people'), /Unrecognized name: nope/);
});

test('bigquery: load from gs:// and createQueryJob with a job id of the caller', async () => {
  const bucket = storage.bucket('node-bucket');
  await bucket.file('n/x.json').save('{"a": 1}\n{"a": 2}\n', {resumable: false});
  const table = bigquery.dataset('node_data').table('numbers');
  const [metadata] = await table.load(bucket.file('n/x.json'), {sourceFormat: 'NEWLINE_DELIMITED_JSON', schema: {fields: [{name: 'a', type: 'INTEGER'}]}});
  assert.strictEqual(metadata.status.state, 'DONE');
  const options = {query: 'SELECT SUM(a) AS s FROM node_data.numbers', jobId: 'node-job-1'};
  const [job] = await bigquery.createQueryJob(options);
  assert.deepStrictEqual((await job.getQueryResults())[0], [{s: 3}]);
  await assert.rejects(bigquery.createQueryJob(options), {code: 409});
});

test('the main job: a marker closes a batch and the table is there', async () => {
  const bucket = storage.bucket('node-bucket');
  await bucket.file('shop/orders/_config/load.json').save(JSON.stringify({sourceFormat: 'NEWLINE_DELIMITED_JSON', autodetect: true}), {resumable: false});
  await bucket.file('shop/orders/part-0.json').save('{"id": 1, "total": 9.5}\n{"id": 2, "total": 0.5}\n', {resumable: false});
  await bucket.file('shop/orders/_SUCCESS').save('', {resumable: false});
  const state = "SELECT status FROM landfall_system.loads WHERE object = 'shop/orders/_SUCCESS'";
  const deadline = Date.now() + 30_000;
  let rows = [];
  while (Date.now() < deadline && !rows.some((r) => r.status === 'DONE' || r.status === 'FAILED')) [rows] = await bigquery.query(state);
  assert.deepStrictEqual(rows, [{status: 'DONE'}]);
  assert.deepStrictEqual((await bigquery.query('SELECT SUM(total) AS t FROM shop.orders'))[0], [{t: 10}]);
});
