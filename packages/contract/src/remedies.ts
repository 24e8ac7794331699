import type { ProblemCode } from "./problem.ts";

/** What a person can do about each problem; docs/errors.md has the same sentences. */
export const remedies: Readonly<Record<ProblemCode, string>> = {
  "request/invalid": "Correct the fields that `errors` names.",
  "request/too-large": "Send less, or raise the service's limit.",
  "request/timeout": "Send it again; a file has to come at 1 KiB/s at least, all else within 30 s.",
  "request/uri-too-long": "Shorten what the path names; ids and names have at most 200 characters.",
  "request/headers-too-large": "Send less than 16 KiB of path and headers.",
  "request/method-not-allowed": "Use one of those that `Allow` names.",
  "request/range-not-satisfiable": "Ask for a part of what `Content-Range` says that there is.",
  "request/rate-limited": "Wait for as long as `Retry-After` says; the client of this project does.",
  "request/too-many-streams": "Close streams, or follow all runs of the team in one (`GET /v1/events`).",
  "request/unsupported-media-type": "Send the content type that the endpoint documents.",
  "auth/required": "Send `Authorization: Bearer <key>`; the command line takes `--key` or `ESPALIER_KEY`.",
  "auth/forbidden": "Use a key that may do this.",
  "resource/not-found": "Check the id; other teams' resources are not found either.",
  "resource/conflict": "Read what state it is in, and act from there.",
  "resource/name-taken":
    "Choose another name, or send `replace` (`--replace`), so that the name means the new one from now on.",
  "resource/in-use":
    "Delete what `referrers` names first, or cancel and wait; for what a run or an experiment made, ask for `models`.",
  "idempotency/mismatch": "Use a new key for a new request.",
  "upload/incomplete": "Upload the file that `file` names again.",
  "upload/file-refused": "Leave it out: weights come as safetensors, never as pickles or code.",
  "checkpoint/malformed": "Write the checkpoint again; `file`, `tensor` and `byte` say where it breaks.",
  "checkpoint/incomplete": "Take all shards and the matching `config.json`; `tensor` says what is missing.",
  "checkpoint/non-finite": "Use a checkpoint that loads elsewhere; `tensor` says where the first one is.",
  "config/malformed": "Take the `config.json` that the model was published with.",
  "config/unsupported": "The text says which feature; use a model without it.",
  "tokenizer/malformed": "Take the `tokenizer.json` that the model was published with.",
  "tokenizer/mismatch": "Take the tokenizer that belongs to the model.",
  "template/unusable": "The text says why; choose a template by name, or `none`.",
  "hub/not-found": "Check the name and the revision; a private repository needs a token.",
  "hub/access-denied":
    "Send a token that may read it (`HF_TOKEN` and `--private`); accept the terms of a gated one on its page first.",
  "hub/address-refused":
    "Downloads go to public addresses over https; the operator names others in `ESPALIER_HUB_ORIGINS`.",
  "webhook/address-refused":
    "Give a public address by https; the operator names others in `ESPALIER_WEBHOOK_ORIGINS`.",
  "hub/malformed": "Check that `HF_ENDPOINT` is a Hugging Face hub.",
  "hub/corrupt": "Import it again; if it repeats, the repository or a mirror on the way is damaged.",
  "hub/unavailable":
    "Nothing at first: the download goes on where it stopped. If it repeats, look at the network and the proxy.",
  "dataset/malformed": "Correct the line that `line` names.",
  "dataset/empty": "Send a file with at least one row.",
  "dataset/wrong-kind": "Name a dataset of the kind that the field asks for.",
  "dataset/too-small": "Lower `batchSize`, or use a larger dataset.",
  "text/empty": "Give a text with at least one token after its instruction, or raise `maxLength`.",
  "layers/out-of-range":
    "Keep at least one layer and at most as many as the model has; layers given by number count from 0 and rise.",
  "team/too-many-runs":
    "Submit again after `Retry-After`, cancel some, or let an operator raise `--pending` of the team.",
  "team/out-of-space":
    "Delete what is not needed, of which the text names the largest, or let an operator raise `--bytes` of the team.",
  "team/urgent-refused":
    "Leave `class` out, use a key with the role that the text names, or let an operator change `--urgent` of the team.",
  "run/illegal-move": "Read the run's state; only ended runs can be retried, only living ones cancelled.",
  "run/upstream-failed": "Mend and retry the run that failed first.",
  "run/too-many-attempts": "Read the attempts' problems and the workers' logs; then retry.",
  "run/quarantined":
    "Read the attempts' problems; change what crashes, or retry it when the cause is mended.",
  "run/wall-time":
    "Set a longer limit (`espalier run set RUN --wall-time 8h`) and retry it: it goes on from its last checkpoint.",
  "run/gang-too-large":
    "Ask for at most as many devices as the text names, or split the work: a run stays on one host.",
  "run/does-not-fit": "Do what the text says would fit, or give it more (`--memory 8GiB`).",
  "run/no-such-engine":
    "Ask for an engine and a precision that the text names, or install what is missing: `espalier worker list` shows what there is.",
  "run/cyclic": "Leave out one of the dependencies that the text names.",
  "lease/lost": "Nothing: the other attempt goes on.",
  "worker/refused": "Its log says what is wrong with what it declares; `field` says where.",
  "worker/lost": "Nothing: another attempt takes over. If it repeats, look at the host.",
  "worker/child-crashed": "Nothing at first: another attempt takes over. The run's log has the cause.",
  "storage/unavailable":
    "Mount the pool's volume at `ESPALIER_DATA`; the text says what is wrong. Runs wait for that.",
  "worker/disk-full": "Free space on the worker's host; the run waits for that.",
  "device/out-of-memory":
    "It is tried once more with half the chunk; then lower `chunkTokens` or `maxLength`.",
  "device/lost":
    "It is tried again from its last checkpoint by itself; where it happens again, look at the device: `espalier worker list`.",
  "device/engine-unavailable":
    "Run the command that the text names on the worker's host, or let the run use another engine; it waits for that.",
  "training/diverged": "Lower `learningRate`, or lengthen the warmup; `step` says when it happened.",
  "training/collapsed":
    "Lower `learningRate`, or raise `batchSize` and `hardNegatives`; `step` says when it was certain.",
  "export/unsupported":
    "Leave the format out, or train the model so that the format can hold it; the message says how.",
  "export/not-equal": "Export with dtype F32; if the vectors still differ, it is a fault of ours.",
  "artifact/corrupt": "Check the disk; the artifact has to be made again.",
  "service/not-configured": "The text names the setting that is missing.",
  "service/unavailable": "Try again; `espalier up` starts its parts again by itself.",
  "internal/error": "Try again; if it repeats, the service's log has it under `requestId`.",
};
