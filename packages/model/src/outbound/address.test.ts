import { expect, test } from "vitest";
import { isPublicAddress } from "./address.ts";

test.each(["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::200e"])(
  "%s is public",
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  ["this host", "0.0.0.0"],
  ["loopback", "127.0.0.1"],
  ["loopback, elsewhere in it", "127.8.8.8"],
  ["private", "10.0.0.1"],
  ["private", "172.16.0.1"],
  ["private", "172.31.255.255"],
  ["private", "192.168.1.1"],
  ["shared, Alibaba's metadata", "100.100.100.200"],
  ["link-local, cloud metadata", "169.254.169.254"],
  ["Azure's host", "168.63.129.16"],
  ["Oracle's metadata", "192.0.0.192"],
  ["benchmarks", "198.18.0.1"],
  ["multicast", "224.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["unspecified", "::"],
  ["loopback", "::1"],
  ["link-local", "fe80::1"],
  ["link-local with a zone", "fe80::1%eth0"],
  ["global with a zone", "2606:4700::1111%1"],
  ["unique local", "fc00::1"],
  ["AWS' metadata", "fd00:ec2::254"],
  ["IPv4-mapped private", "::ffff:10.0.0.1"],
  ["IPv4-mapped public", "::ffff:8.8.8.8"],
  ["IPv4-compatible", "::127.0.0.1"],
  ["NAT64", "64:ff9b::a9fe:a9fe"],
  ["local NAT64", "64:ff9b:1::1"],
  ["6to4 of a private address", "2002:a00:1::"],
  ["Teredo", "2001::1"],
  ["documentation", "2001:db8::1"],
  ["multicast", "ff02::1"],
  ["a name", "localhost"],
  ["an octal spelling", "0177.0.0.1"],
  ["nothing", ""],
])("%s is not public: %s", (_, address) => expect(isPublicAddress(address)).toBe(false));
