"""The guests' kernel command line, shared by every machine that boots the lab image.

It is lean on purpose: under an engine that interprets, what a kernel does before user space is
most of a start. Documentation: the kernel's admin-guide/kernel-parameters.rst.
"""

from __future__ import annotations

from labkit.image.architecture import AMD64, ARM64, Architecture

# loglevel=6: the banner and other notices reach the console at once, which makes the milestone
# `kernel`; the talk of a few hundred lines does not. panic=-1: a guest that dies ends its machine.
_COMMON = (
    " loglevel=6 rdinit=/init panic=-1"
    # Safe on one tenant's short-lived machine: no protection against other programs in the guest.
    " mitigations=off audit=0 nowatchdog lsm= apparmor=0"
    " rodata=off init_on_alloc=0 psi=0"
    # Start-up work of subsystems that no workload uses: tracing above all, and BPF, each of whose
    # kfunc tables makes the kernel check all of its type information, unless none is left.
    " ipv6.disable=1 cryptomgr.notests"
    " initcall_blacklist=i8042_init,init_ima,init_evm,init_encrypted,"
    "ftrace_check_for_weak_functions,"
    "bpf_rstat_kfunc_init,bpf_key_sig_kfuncs_init,kfunc_init,bpf_tcp_ca_kfunc_init,"
    "bpf_prog_test_run_init,trace_eval_init,init_kprobe_trace,"
    "cubictcp_register,crypto_kdf108_init,slab_sysfs_init,blake2s_mod_init,"
    "load_system_certificate_list,tracer_init_tracefs,event_trace_init,init_kprobes,"
    "ftrace_mod_cmd_init,crc64_rocksoft_mod_init,crc_t10dif_mod_init nokaslr"
)

# From the kernel's first moment on the console speaks, not after a third of its start. On PCs, no
# questions to the firmware about disks that are not there, and the clock is taken at its word
# instead of being calibrated and watched.
_OF = {
    AMD64: "console=ttyS0 earlyprintk=ttyS0,115200"
    " edd=off lpj=4000000 tsc=reliable no_timer_check 8250.nr_uarts=2",
    # QEMU's machine `virt` has one serial port of ARM's own, so the agent's is another's first.
    ARM64: "console=ttyAMA0 earlycon LAB_PORT=ttyS0",
}

# With one processor there is nothing to discover: no ACPI tables, no interrupt controllers.
_ONE_PROCESSOR = " nosmp noreplace-smp"
_NO_CONTROLLERS = " noapic acpi=off"

# Without interrupt controllers there is nowhere to send a message-signalled interrupt to.
_ONE_PROCESSOR_NETWORK = " pci=nomsi"


def command_line(
    cpus: int, *, network: bool = False, shares: bool = False, architecture: Architecture = AMD64
) -> str:
    """The command line for a guest with this many virtual processors, and a network card or not.

    shares: under QEMU, two disks have one interrupt line, and maybe a card, too. Under load, that
    line loses interrupts, or has so many that belong to nobody that the kernel switches it off, and
    then looks at the disks ten times a second. With interrupt controllers they need no line.
    """
    common = _OF[architecture] + _COMMON
    common = common.replace("rdinit=/init", "rdinit=/lab/network") if network else common
    without = _NO_CONTROLLERS + (_ONE_PROCESSOR_NETWORK if network else "")
    single = _ONE_PROCESSOR + ("" if shares else without)
    return common + (single if cpus == 1 and architecture == AMD64 else "")
