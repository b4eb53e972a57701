/*
 * keyfile.h - the file that holds the master key.
 *
 * One line, 86 bytes:
 *
 *   hongyan-master-key-1 <64 lower-case hex digits>\n
 *
 * The 1 is the version of the format. Whoever has this file and the store has every secret of the
 * store, so the file is made with mode 0600 and refused when group or others may touch it. Losing
 * it loses the secrets: back it up apart from the store.
 */
#ifndef HY_CRYPTO_KEYFILE_H
#define HY_CRYPTO_KEYFILE_H

#include <stddef.h>
#include <stdint.h>

enum { HY_MASTER_KEY_BYTES = 32, HY_KEYFILE_BYTES = 21 + 2 * HY_MASTER_KEY_BYTES + 1 };

/* HY_E_CORRUPT unless the bytes are exactly one line as above. */
int hy_keyfile_parse(const char *bytes, size_t size, uint8_t ret_key[HY_MASTER_KEY_BYTES]);

/* The line with a final zero byte; parsing it gives `key` again. */
void hy_keyfile_print(const uint8_t key[HY_MASTER_KEY_BYTES], char ret_line[HY_KEYFILE_BYTES + 1]);

/*
 * HY_E_NOT_FOUND  there is no such file;
 * HY_E_DENIED     group or others have a right on it, or we may not read it;
 * HY_E_INVALID    it is a directory, a device or a pipe;
 * HY_E_CORRUPT    it is not one line of the format.
 * Symbolic links are followed; the rights of the file behind them count.
 */
int hy_keyfile_read(const char *path, uint8_t ret_key[HY_MASTER_KEY_BYTES]);

/*
 * Puts a fresh random key at `path`. The file appears there whole and synced, under its name or not
 * at all; of several makers at once exactly one succeeds. HY_E_EXISTS when the name is taken (the
 * file is not touched), HY_E_NOT_FOUND when the directory is missing, HY_E_DENIED, HY_E_FULL,
 * HY_E_IO. The directory has to be on a file system with hard links.
 */
int hy_keyfile_create(const char *path);

#endif
