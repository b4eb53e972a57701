/*
 * public_address.h - which addresses belong to the public internet.
 *
 * A URL that somebody else chose must not reach what only this machine or its network may reach. Names
 * say nothing about that: their addresses change between a check and a connection. So what is looked
 * at is the address that a connection is made to.
 *
 * Anything that is not surely public is not: the registries of special-purpose addresses (RFC 6890 and
 * those after it), multicast, what is not given out yet, and addresses that carry such a one inside.
 */
#ifndef HY_NET_PUBLIC_ADDRESS_H
#define HY_NET_PUBLIC_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

bool hy_address_is_public_v4(const uint8_t address[4]);
bool hy_address_is_public_v6(const uint8_t address[16]);

/* False for families that are neither. */
bool hy_address_is_public(const struct sockaddr *address);

/* "192.0.2.1", "2001:db8::1", with a zone ("fe80::1%eth0") or not. False for what is no address. */
bool hy_address_text_is_public(const char *text);

/* True when `text` is an address at all. */
bool hy_address_text_is_address(const char *text);

#endif
