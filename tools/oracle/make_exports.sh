#!/usr/bin/env bash
# Trains tiny models in every way that an encoding or a setting allows and exports them in every format, for check_exports.py.
# Not needed by any test run. Usage: bash tools/oracle/make_exports.sh OUT   (OUT must not exist; takes a few minutes)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
mkdir "$out"
out=$(cd "$out" && pwd)
folders=packages/encoder/src/testing/folders
espalier() { npm run -s espalier -- "$@"; }

python3 - "$out/triplets.jsonl" <<'PYTHON'
import json, sys
words = "the a cat dog bird sat ran flew on under over mat tree wall in garden old small red".split()
text = lambda n: " ".join(words[(n * 7 + i * (3 + n % 5)) % len(words)] for i in range(3 + n % 9))
with open(sys.argv[1], "w") as file:
    for n in range(48):
        row = {"query": text(n), "positive": text(n + 100), "negative": text(n + 200)}
        file.write(json.dumps(row) + "\n")
PYTHON
printf '%s\n' "once upon a time there was a cat and a dog" "a" "the small bird" \
  "the old wall in the garden is under the tree and the red cat sat on the mat over the dog and ran in the garden" > "$out/texts.txt"

# bert as a folder of sentence-transformers that takes the first token and has prompts.
cp -r $folders/bert "$out/.cls"
mkdir "$out/.cls/1_Pooling"
echo '{"word_embedding_dimension":16,"pooling_mode_cls_token":true,"pooling_mode_mean_tokens":false}' > "$out/.cls/1_Pooling/config.json"
echo '{"prompts":{"query":"the cat "},"default_prompt_name":null,"similarity_fn_name":"cosine"}' > "$out/.cls/config_sentence_transformers.json"
echo '{"max_seq_length":12,"do_lower_case":false}' > "$out/.cls/sentence_bert_config.json"
echo '[{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]' > "$out/.cls/modules.json"
# A decoder whose middle layers are gone.
espalier prune $folders/decoder "$out/.cut" --keep 0,1,3
# A tokenizer of which tokenizer_config.json says more than tokenizer.json.
cp -r $folders/decoder "$out/.said"
python3 - "$out/.said/tokenizer_config.json" <<'PYTHON'
import json, sys
config = json.load(open(sys.argv[1]))
config["additional_special_tokens"] = ["t"]
json.dump(config, open(sys.argv[1], "w"))
PYTHON

# name, base, options of train
cases() {
  cat <<END
decoder-default|$folders/decoder|
decoder-mean|$folders/decoder|--pooling mean --pooled sequence
decoder-weighted|$folders/decoder|--pooling weighted_mean --pooled sequence
decoder-last|$folders/decoder|--pooling last_token --pooled sequence
decoder-short|$folders/decoder|--pooling mean --pooled sequence --max-length 8
decoder-both-ways|$folders/decoder|--attention bidirectional --pooling mean --pooled sequence
decoder-both-ways-full|$folders/decoder|--attention bidirectional --pooling mean --pooled sequence --set method=full
decoder-full|$folders/decoder|--pooling last_token --pooled sequence --set method=full
decoder-matryoshka|$folders/decoder|--pooling mean --pooled sequence --set matryoshka=[4,16]
decoder-cut|$out/.cut|--pooling mean --pooled sequence
decoder-said|$out/.said|--pooling mean --pooled sequence
gemma3|$folders/gemma3|--pooling mean --pooled sequence
gemma3-both-ways|$folders/gemma3|--attention bidirectional --pooling mean --pooled sequence
bert|$folders/bert|
bert-full|$folders/bert|--set method=full
bert-cls|$out/.cls|
END
}
while IFS='|' read -r name base options; do
  case=$out/$name
  mkdir "$case"
  cp -r "$base" "$case/base"
  cp "$out/texts.txt" "$case/texts.txt"
  # shellcheck disable=SC2086 # they are words
  espalier train "$case/base" --triplets "$out/triplets.jsonl" --set steps=3 --set batchSize=8 --set learningRate=0.02 --set warmupSteps=0 $options --out "$case/trained" > "$case/train.txt" 2>&1 \
    && espalier embed "$case/trained" --out "$case/vectors.jsonl" < "$case/texts.txt" 2>> "$case/train.txt" \
    && espalier export "$case/trained" --format all --out "$case/exports" > "$case/notes.txt" 2>> "$case/train.txt" \
    && echo "$name: $(ls "$case/exports" | tr '\n' ' ')" || { echo "$name failed:"; tail -3 "$case/train.txt"; }
done < <(cases)
rm -rf "$out"/.cls "$out"/.cut "$out"/.said "$out/texts.txt" "$out/triplets.jsonl"
