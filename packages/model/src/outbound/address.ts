import { BlockList, isIP } from "node:net";

/** IPv4 networks that are not the public internet (IANA special-purpose registry, RFC 6890), and Azure's host. */
const special: readonly (readonly [network: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

/** Inside the global unicast range of IPv6: protocol assignments with Teredo, documentation, 6to4. */
const special6: readonly (readonly [network: string, bits: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

const refused = new BlockList();
for (const [network, bits] of special) refused.addSubnet(network, bits, "ipv4");
for (const [network, bits] of special6) refused.addSubnet(network, bits, "ipv6");

/** Only this much of IPv6 is public: loopback, link-local, unique local, IPv4-mapped and NAT64 addresses lie outside. */
const global = new BlockList();
global.addSubnet("2000::", 3, "ipv6");

/** Whether an IP address belongs to the public internet. False for what is no address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, "ipv4");
    case 6:
      return !address.includes("%") && global.check(address, "ipv6") && !refused.check(address, "ipv6");
    default:
      return false;
  }
}
