/* SPDX-License-Identifier: Apache-2.0
 *
 * The Unix socket of the command line.  Its mode is narrow from the first instant (umask, not chmod
 * afterwards); who connects is asked of the kernel by http_peer.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/http.h"

int
http_listen_local(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;
	mode_t old;
	bool good;

	if (strlen(path) >= sizeof at.sun_path)
		return E_TOOBIG;
	memcpy(at.sun_path, path, strlen(path));
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	old = umask(0177);
	good = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0;
	umask(old);
	if (good)
		return fd;
	if (fd >= 0)
		close(fd);
	return E_IO;
}
