# A guest of a few dozen instructions that speaks the protocol's first and last line.
#
# Entry by the Xen PVH boot protocol (an ELF note names the 32-bit entry; flat segments, paging
# off), which QEMU's -kernel understands. COM1 (0x3F8) is the console, COM2 (0x2F8) the agent.
        .section .note.pvh, "a", @note
        .long 4, 4, 18                  # sizes of name and value; XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long _start

        .text
        .globl _start
_start:  mov $0x3F8, %dx
        mov $console, %esi
        call print
        mov $0x2F8, %dx
        mov $ready, %esi
        call print

request:                                # wait for the end of any line
        lea 5(%edx), %ebx               # line status register: bit 0, a byte has come
        xchg %ebx, %edx
wait:   in %dx, %al
        test $1, %al
        jz wait
        xchg %ebx, %edx
        in %dx, %al
        cmp $'\n', %al
        jne request
        mov $bye, %esi
        call print
halt:   cli
        hlt
        jmp halt

print:  lodsb                           # from %esi, to the port %dx
        test %al, %al
        jz done
        mov %al, %cl
        lea 5(%edx), %ebx
        xchg %ebx, %edx
full:   in %dx, %al
        test $0x20, %al                 # bit 5, room for a byte
        jz full
        xchg %ebx, %edx
        mov %cl, %al
        out %al, %dx
        jmp print
done:   ret

        .section .rodata
console: .asciz "tiny guest\n"
ready:   .asciz "LABKIT/2 READY 0.01\n"
bye:     .asciz "BYE 0.02\n"
