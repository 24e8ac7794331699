import fc from "fast-check";
import { expect, it } from "vitest";
import { readEvents } from "./sse.ts";

const streamOf = (chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });

async function parse(chunks: string[]) {
  const messages = [];
  for await (const message of readEvents(streamOf(chunks))) messages.push(message);
  return messages;
}

const text =
  ': hello\n\nid: 1\nevent: run.state\ndata: {"a":1}\n\ndata: x\r\ndata: y\r\n\r\ndata: unfinished';
const expected = [{ id: "1", event: "run.state", data: '{"a":1}' }, { data: "x\ny" }];

it("reads messages wherever the stream is cut, and drops an unfinished one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: text.length })), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const chunks = at.slice(1).map((end, i) => text.slice(at[i], end));
      expect(await parse(chunks)).toEqual(expected);
    }),
    { examples: [[[]]] },
  );
});
