/* libpcap and the kernel each have a struct bpf_insn: instructions of classic and of extended BPF. One
 * Swift module cannot see both by one name. */
#define bpf_insn pcap_bpf_insn
#include <pcap/pcap.h>
#undef bpf_insn
