#include "base/err.h"
#include "store/sqlite/explain.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Never removed: removing it while somebody waits to open it would give two locks on two files. */
int hy_sqlite_lock(const char *path, int *ret_fd, char *ret_explain, size_t explain_size)
{
    char lock_path[4096];
    int fd;

    if ((size_t)snprintf(lock_path, sizeof lock_path, "%s.lock", path) >= sizeof lock_path) {
        snprintf(ret_explain, explain_size, "the path is too long");
        return HY_E_INVALID;
    }
    fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return hy_sqlite_explain_file(lock_path, errno, ret_explain, explain_size);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return 0;
    }
    snprintf(ret_explain, explain_size,
             "%s is open in another process (it holds %s): end that one, a store belongs to one "
             "process; hongyan backup copies it meanwhile",
             path, lock_path);
    close(fd);
    return HY_E_BUSY;
}
