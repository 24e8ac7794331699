/** One message of an event stream. */
export interface ServerSentMessage {
  id?: string;
  event?: string;
  data: string;
}

/** Parses `text/event-stream` (WHATWG HTML §9.2.6). Comments and an unfinished last message are dropped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentMessage> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let message: ServerSentMessage | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const lines = buffer.split(/\r\n|\n|\r(?!$)/);
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (message) yield message;
          message = undefined;
          continue;
        }
        const [, name, text = ""] = /^([^:]*)(?::\u0020?(.*))?$/.exec(line) ?? [];
        if (name === "data") {
          message = { ...message, data: message?.data ? `${message.data}\n${text}` : text };
        } else if (name === "id" || name === "event") {
          message = { data: "", ...message, [name]: text };
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
