# title: compiling C
# unit: compile
# ops-per-unit: 1
# packages: tcc
# One operation is a new process of the Tiny C Compiler that turns a source of 1000 functions, 12001
# lines, into an object file; nothing is linked. tcc and not gcc: besides libc6, which each such image
# has, it is 0.8 MB installed, gcc with all that it needs more than a hundred times that. The source is
# made here, always the same, and includes nothing; it and the object lie in the scratch folder,
# which user-mode Linux has in its memory: both are small, and in the page cache elsewhere.

prepare() {
    { [ -n "$LAB_SCRATCH_DEVICE" ] && [ ! -b "$LAB_SCRATCH_DEVICE" ] || mount_scratch; } &&
        find_program tcc && "$BUSYBOX" awk 'BEGIN {
        print "typedef struct { int a, b; unsigned long sum; } pair;"
        for (i = 0; i < 1000; i++) {
            printf "unsigned long f%d(pair *p, int n)\n{\n", i
            printf "    unsigned long x = p->sum + %dUL;\n    int i;\n", i * 7919
            printf "    for (i = 0; i < n; i++) {\n        switch ((x ^ i) & 3) {\n"
            printf "        case 0: x = x * %dUL + p->a; break;\n", i * 2 + 3
            printf "        case 1: x ^= (x >> %d) | (unsigned long)p->b << 3; break;\n", i % 31 + 1
            printf "        default: x -= i; }\n    }\n"
            printf "    return p->sum = %s;\n}\n", i ? "f" i - 1 "(p, n / 2) + x" : "x"
        }
    }' >"$LAB_SCRATCH/source.c"
}

step() {
    left=$1
    while [ "$left" -gt 0 ]; do
        run_program tcc -c "$LAB_SCRATCH/source.c" -o "$LAB_SCRATCH/object.o" || return 1
        left=$((left - 1))
    done
}

conclude() {
    "$BUSYBOX" rm -f "$LAB_SCRATCH/source.c" "$LAB_SCRATCH/object.o"
}
