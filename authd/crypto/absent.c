#define _GNU_SOURCE
/* What libcrypto could call and must not find: it loads no module and asks for no host here.  Ours stand in the place
 * of the C library's, and nothing of that is linked. */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

/* dlopen, by --wrap: glibc always links its own, with a warning about whoever calls it. */
void *__wrap_dlopen(const char *file, int mode);
void *
__wrap_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *
dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int
dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *
dlerror(void)
{
	return NULL;
}

int
getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
	    struct addrinfo **restrict result)
{
	(void)name;
	(void)service;
	(void)hints;
	(void)result;
	return EAI_FAIL;
}

void
freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

const char *
gai_strerror(int error)
{
	(void)error;
	return "";
}

int
getnameinfo(const struct sockaddr *restrict address, socklen_t len, char *restrict host, socklen_t host_len,
	    char *restrict service, socklen_t service_len, int flags)
{
	(void)address;
	(void)len;
	(void)host;
	(void)host_len;
	(void)service;
	(void)service_len;
	(void)flags;
	return EAI_FAIL;
}

struct hostent *
gethostbyname(const char *name)
{
	(void)name;
	return NULL;
}

int
dladdr(const void *address, Dl_info *info)
{
	(void)address;
	(void)info;
	return 0;
}
