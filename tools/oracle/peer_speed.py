#!/usr/bin/env python3
"""Speed and memory of PyTorch + PEFT on the work that Espalier does, for comparison on the same machine.

Embeds and trains (LoRA r=16 on all seven linears, InfoNCE with hard negatives, AdamW) a Llama checkpoint on triplets.
Counts real tokens, as Espalier does. Not part of the product or its tests.

Usage: peer_speed.py MODEL_DIR TRIPLETS.jsonl [--batch 32] [--layers N] [--threads 2] [--steps 2]
Written against torch 2.x, transformers 5.x, peft 0.x.
"""
import argparse
import json
import resource
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel, AutoTokenizer

args = argparse.ArgumentParser()
args.add_argument("model")
args.add_argument("triplets")
args.add_argument("--batch", type=int, default=32)
args.add_argument("--layers", type=int)
args.add_argument("--threads", type=int, default=2)
args.add_argument("--steps", type=int, default=2)
args = args.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(0)
tokenizer = AutoTokenizer.from_pretrained(args.model)
tokenizer.pad_token = tokenizer.eos_token
tokenizer.padding_side = "right"
model = AutoModel.from_pretrained(args.model, dtype=torch.float32)
if args.layers:
    model.layers = model.layers[: args.layers]
    model.config.num_hidden_layers = args.layers
rows = [json.loads(line) for line in open(args.triplets)]
first = lambda value: value[0] if isinstance(value, list) else value
triplets = [(r["query"], first(r.get("positive", r.get("pos"))), first(r.get("negative", r.get("neg")))) for r in rows]


def embed(texts):
    batch = tokenizer(texts, padding=True, return_tensors="pt", truncation=True, max_length=512)
    mask = batch.attention_mask
    hidden = model(**batch).last_hidden_state
    weights = torch.cumsum(mask, 1) * mask
    pooled = (hidden * (weights / weights.sum(1, keepdim=True)).unsqueeze(-1)).sum(1)
    return torch.nn.functional.normalize(pooled, dim=1), int(mask.sum())


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


texts = sorted({t for triplet in triplets[:256] for t in triplet}, key=len)
with torch.inference_mode():
    embed(texts[:32])
    start, tokens = time.perf_counter(), 0
    for i in range(0, len(texts), 32):
        tokens += embed(texts[i : i + 32])[1]
    seconds = time.perf_counter() - start
print(json.dumps({"what": "embed", "tokensPerSecond": round(tokens / seconds, 1), "peakBytes": peak()}), flush=True)

targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=targets))
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4, weight_decay=0)
for step in range(args.steps):
    batch = triplets[step * args.batch : (step + 1) * args.batch]
    start, tokens, parts = time.perf_counter(), 0, []
    for column in range(3):
        embeddings, count = embed([triplet[column] for triplet in batch])
        parts.append(embeddings)
        tokens += count
    query, positive, negative = parts
    scores = query @ torch.cat([positive, negative]).T * 50
    loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(batch)))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {"what": "train", "step": step, "loss": round(loss.item(), 4), "tokens": tokens,
             "tokensPerSecond": round(tokens / seconds, 1), "peakBytes": peak()}
        ),
        flush=True,
    )
