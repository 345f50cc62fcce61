#define _GNU_SOURCE
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of the calling thread: another one's namespace is not the process's. */
static const char own_namespace[] = "/proc/thread-self/ns/net";

static void *create(void *result) {
    int *made = result;
    if (unshare(CLONE_NEWNET) == 0) made[0] = open(own_namespace, O_RDONLY | O_CLOEXEC);
    made[1] = errno;
    return NULL;
}

int reference_namespace_create(void) {
    int made[2] = {-1, 0};
    pthread_t thread;
    int code = pthread_create(&thread, NULL, create, made);
    if (code == 0) pthread_join(thread, NULL);
    errno = code != 0 ? code : made[1];
    return made[0];
}

int reference_namespace_enter(int space) { return setns(space, CLONE_NEWNET); }

int reference_take_precedence(void) { return setpriority(PRIO_PROCESS, 0, -20); }

int reference_spawn(int space, int cpu, char *const *arguments, int output, int error) {
    int parent = getpid();
    int child = fork();
    if (child != 0) return child;
    /* Signals that the parent blocks are the child's to take. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent ||
        (cpu >= 0 && reference_pin(cpu) != 0) ||
        (space >= 0 && setns(space, CLONE_NEWNET) != 0) || (output >= 0 && dup2(output, 1) < 0) ||
        (error >= 0 && dup2(error, 2) < 0)) {
        _exit(126);
    }
    execvp(arguments[0], arguments);
    _exit(127);
}

int reference_join(const char *interface, const char *group) {
    struct ip_mreqn membership = {.imr_ifindex = (int)if_nametoindex(interface)};
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (s < 0) return -1;
    if (inet_pton(AF_INET, group, &membership.imr_multiaddr) == 1 &&
        setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) == 0) {
        return s;
    }
    int code = errno;
    close(s);
    errno = code;
    return -1;
}

int reference_interface_read(const char *interface, reference_interface_counts *counts) {
    char line[512], name[64];
    unsigned long long value[16];
    FILE *file = fopen("/proc/thread-self/net/dev", "re");
    if (file == NULL) return -1;
    int found = 0;
    while (!found && fgets(line, sizeof(line), file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon == NULL) continue;
        *colon = ' ';
        int fields = sscanf(line, "%63s %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
                            name, value, value + 1, value + 2, value + 3, value + 4, value + 5,
                            value + 6, value + 7, value + 8, value + 9, value + 10, value + 11);
        found = fields == 13 && strcmp(name, interface) == 0;
    }
    fclose(file);
    if (!found) {
        errno = ENODEV;
        return -1;
    }
    counts->received = value[1];
    counts->receive_dropped = value[3];
    counts->sent = value[9];
    counts->send_dropped = value[11];
    return 0;
}
