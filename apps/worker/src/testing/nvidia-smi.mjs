// Answers as nvidia-smi does, from a file that a test may change at any time. Arguments: the file, then nvidia-smi's own.
// The forms are those of drivers 470 to 580: see `fake-nvidia-smi.ts` for the state.
import { readFileSync } from "node:fs";

const [file, ...args] = process.argv.slice(2);
const state = JSON.parse(readFileSync(file, "utf8"));
const option = (name) =>
  args
    .find((arg) => arg.startsWith(`--${name}=`))
    ?.slice(name.length + 3)
    .split(",");
const say = (line) => process.stdout.write(`${line}\n`);
const end = (code) => {
  process.exitCode = code;
};
const german = process.env.LC_ALL !== "C";

if (state.hang) setInterval(() => undefined, 1000);
else if (state.output !== undefined) {
  process.stdout.write(state.output);
  process.stderr.write(state.errors ?? "");
  end(state.exit ?? 0);
} else if (option("query-gpu")) cards(option("query-gpu"));
else if (option("query-compute-apps")) processes(option("query-compute-apps"));
else if (option("query-remapped-rows")) rows(option("query-remapped-rows"));
else if (args[0] === "-L") list();
else if (args[0] === "-q" && args[1] === "-x") xml();
else {
  say(`Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.`);
  end(1);
}

/** True when all is known; else the complaint has been made. */
function know(fields) {
  const strange = fields.find((field) => (state.unknown ?? []).includes(field));
  if (strange === undefined) return true;
  say(`Field "${strange}" is not a valid field to query.`);
  say("");
  end(2);
  return false;
}

function cards(fields) {
  if (!know(fields)) return;
  if (state.cards.length === 0 && !state.remarks) {
    say("No devices were found");
    return end(6);
  }
  for (const line of state.remarks ?? []) say(line);
  for (const card of state.cards) {
    const values = fields.map((field) => card.fields[field] ?? "[N/A]");
    say(values.map((value) => (german ? String(value).replace(".", ",") : value)).join(", "));
  }
  end(state.exit ?? 0);
}

function processes(fields) {
  for (const { cardUuid, pid, name, usedMebibytes } of state.processes) {
    const values = { gpu_uuid: cardUuid, pid, used_memory: usedMebibytes ?? "[N/A]", process_name: name };
    say(fields.map((field) => values[field]).join(", "));
  }
}

function rows(fields) {
  if (state.oldDriver) {
    say(`Option "--query-remapped-rows=${fields}" is not recognized. Please run 'nvidia-smi -h'.`);
    return end(2);
  }
  for (const card of state.cards) {
    const values = { gpu_uuid: card.fields.uuid, "remapped_rows.failure": card.remapFailure ?? "[N/A]" };
    say(fields.map((field) => values[field]).join(", "));
  }
}

function list() {
  for (const { fields, partitions = [] } of state.cards) {
    say(`GPU ${fields.index}: ${fields.name} (UUID: ${fields.uuid})`);
    for (const { profile, index, uuid } of partitions)
      say(`  MIG ${profile.padEnd(12)} Device ${String(index).padStart(2)}: (UUID: ${uuid})`);
  }
}

function xml() {
  say(`<?xml version="1.0" ?>\n<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">\n<nvidia_smi_log>`);
  for (const { fields, partitions } of state.cards) {
    say(`<gpu id="00000000:0${fields.index}:00.0"><product_name>${escape(fields.name)}</product_name>`);
    say(
      `<mig_devices>${partitions ? partitions.map(partitionXml).join("") : "\n\t\tNone\n\t"}</mig_devices>`,
    );
    say(`<uuid>${fields.uuid}</uuid><fb_memory_usage><total>81920 MiB</total></fb_memory_usage><processes>`);
    for (const { cardUuid, pid, name, usedMebibytes, instance } of state.processes) {
      if (cardUuid !== fields.uuid) continue;
      say(`<process_info><gpu_instance_id>${instance ?? "N/A"}</gpu_instance_id>`);
      say(
        `<compute_instance_id>${instance === undefined ? "N/A" : 0}</compute_instance_id><pid>${pid}</pid>`,
      );
      say(`<type>C</type><process_name>${escape(name)}</process_name>`);
      say(`<used_memory>${usedMebibytes} MiB</used_memory></process_info>`);
    }
    say("</processes></gpu>");
  }
  say("</nvidia_smi_log>");
}

function partitionXml({ index, instance, totalMebibytes, freeMebibytes, uncorrected = 0 }) {
  return `<mig_device><index>${index}</index><gpu_instance_id>${instance}</gpu_instance_id>
<compute_instance_id>0</compute_instance_id><ecc_error_count><volatile_count>
<sram_uncorrectable>${uncorrected}</sram_uncorrectable></volatile_count></ecc_error_count>
<fb_memory_usage><total>${totalMebibytes} MiB</total><reserved>0 MiB</reserved><free>${freeMebibytes} MiB</free>
</fb_memory_usage></mig_device>`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
