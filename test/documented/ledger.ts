/**
 * Where the commands of each section are run, by the name of the test: a section that is in no list, or a line of it that no
 * test runs and that has no reason here, fails.
 */
export const runsIn: Readonly<Record<string, string>> = {
  "README.md: Three lines": "test/documented/folders.test.ts",
  "packages/encoder/README.md: Three lines": "test/documented/folders.test.ts",
  "packages/encoder/README.md: Training from code": "test/documented/folders.test.ts",
  "README.md: A service that stays": "test/documented/service.test.ts",
  "README.md: What comes out": "test/documented/service.test.ts",
  "README.md: The API": "test/documented/service.test.ts",
  "README.md: A team's deployment": "test/documented/service.test.ts",
  "packages/encoder/README.md: Installing": "test/packages/packages.service.test.ts",
  "docs/access.md: Operators": "test/documented/service.test.ts",
  "docs/access.md: Keys": "test/documented/service.test.ts",
  "docs/access.md: Browsers by an OpenID provider": "apps/api/src/oidc/settings.test.ts",
  "docs/evaluation.md: Datasets of tasks": "test/documented/service.test.ts",
  "docs/experiment-file.md: What is there already": "test/documented/service.test.ts",
  "docs/operations.md: Connections to PostgreSQL": "test/documented/service.test.ts",
  "docs/operations.md: What the database holds, and for how long": "test/documented/service.test.ts",
  "docs/operations.md: Backup and restore": "test/restore/drill.service.test.ts",
};

/** Command lines of pages that no test can run as they stand, each with its reason. */
export const notRun: Readonly<Record<string, string>> = {
  "npm run demo": "CI runs it in a clone of its own: .ci/run",
  "npm run demo -- --json result.json": "the demo takes minutes; CI runs it without the option",
  "npm run demo -- --keep": "it stays until somebody stops it",
  "npm test": "it is what runs this",
  "npm start": "it stays; stack.service.test.ts starts and stops the same",
  "npm run demo -- --model ~/models/SmolLM2-135M-Instruct --triplets triplets.jsonl --sts stsb=sts-test.csv:score=5,sentence1=6,sentence2=7 --sts sick=SICK_test.txt:header,score=4,sentence1=2,sentence2=3 --set training.steps=60 --set training.batchSize=64":
    "the demo takes minutes, and this one is of a user's own files",
  "docker compose up --build --detach --wait": "it needs Docker",
  "docker compose up --detach --scale worker=4 --no-recreate": "it needs Docker",
  'cp --archive .espalier "$BACKUP/espalier"': "it needs a stack that was stopped",
  "npm run check": "CI runs it: .ci/run",
  "npm run fix": "it changes the sources",
  "npx vitest run path/to/file.test.ts": "it names no file",
  "npm run simulate -- --synthetic jobs=10000 --devices 200": "it simulates six days in minutes",
  "npm run bench -- dispatch": "it measures for minutes, alone on the machine",
  "npm run chaos -- --seed 42 --minutes 10": "it takes as long as it says",
  "npm run e2e -- journey": "it takes minutes and needs Chromium; dashboard.test.ts is its short form",
  "npm run size": "it needs the dashboard as it is built, which dashboard.mjs --size measures",
  "npx vitest run test/chaos": "CI runs it, with all other tests",
  "npm run chaos -- --scenarios all": "it takes hours",
  "npm run chaos -- --scenarios 4,11 --queue redis": "chaos.test.ts runs scenarios one by one",
  "npm run chaos -- --seed 42 --minutes 30 --queue postgres": "it takes as long as it says",
  "espalier webhook add ci https://ci.example.org/espalier --event run.state --state FAILED --state QUARANTINED":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook add done https://chat.example.org/hook --event experiment.ended --user ann":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook ping ci": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook list": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook deliveries ci": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook redeliver ci dlv_01kb…":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier audit --subject run_01kb…": "it names no run",
  "espalier audit --user ann --since 2026-11-01":
    "its example in help is run; audit.db.test.ts tries the filters",
  "espalier audit --action key.create": "its example in help is run; audit.db.test.ts tries the filters",
};

/** Of examples in help, likewise. */
export const examplesNotRun: Readonly<Record<string, string>> = {
  "espalier up": "it stays; stack.service.test.ts starts and stops it",
  "espalier up --port 8080 --data ~/espalier-data": "it stays; stack.service.test.ts starts and stops it",
  "espalier demo": "CI runs it as `npm run demo`: .ci/run",
  "espalier demo --json result.json --set training.steps=20": "the demo takes minutes",
  "espalier webhook add ci https://ci.example.org/hook --event run.state --state failed":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook set ci --event experiment.ended":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook pause ci": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook resume ci": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook rm ci": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook ping ci": "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook deliveries ci --state failed":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
  "espalier webhook redeliver ci dlv_01kb1y3v8n4m6q2r7s9t0w1x2y":
    "it needs a receiver; webhooks.db.test.ts sends to one of its own",
};
