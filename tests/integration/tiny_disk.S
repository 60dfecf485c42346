# The boot sector of a disk: says two lines on the first serial port (0x3F8), and switches the machine
# off when its power button is pressed.
#
# ACPI's power management registers (ACPI 6.5, 4.8.3): PM1 status, where bit 8 is the power button;
# 2 bytes on PM1 enable; 4 bytes on PM1 control, where bit 13 is "sleep now" and bits 10 to 12 say how deeply. They
# lie at 0x4000 in VirtualBox (soft off: 5), at 0x600 in QEMU (soft off: 0).
        .code16
        .text
        .globl _start
_start: xor %ax, %ax
        mov %ax, %ds
        cld
        mov $words, %si
print:  lodsb
        test %al, %al
        jz wait
        mov %al, %bl
        mov $0x3FD, %dx                 # line status: bit 5, room for a byte
full:   in %dx, %al
        test $0x20, %al
        jz full
        mov %bl, %al
        mov $0x3F8, %dx
        out %al, %dx
        jmp print

wait:   sti
        hlt                             # until the timer's next interrupt
        mov $0x4000, %dx
        mov $0x3400, %bx
        call button
        mov $0x600, %dx
        mov $0x2000, %bx
        call button
        jmp wait

button: in %dx, %ax
        cmp $0xFFFF, %ax                # nothing there
        je done
        xchg %ax, %cx
        add $2, %dx                     # PM1 enable: QEMU shows the button to who asks for it
        mov $0x0100, %ax
        out %ax, %dx
        test %ax, %cx
        jz done
        add $2, %dx
        mov %bx, %ax
        out %ax, %dx
done:   ret

words:  .asciz "a disk of one's own\r\nREADY to be measured\r\n"
        .org 510
        .word 0xAA55
