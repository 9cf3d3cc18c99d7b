/* A plugin in C, for WebAssembly: makes a text loud. The host gives it a way to say something. */
__attribute__((import_module("host"), import_name("say"))) void say(const char *text, int size);

static char buffer[1024];

__attribute__((export_name("buffer"))) char *text_buffer(void) { return buffer; }
__attribute__((export_name("buffer_size"))) int text_buffer_size(void) { return sizeof buffer; }

__attribute__((export_name("shout"))) void shout(int size)
{
    for (int i = 0; i < size; i++)
        if (buffer[i] >= 'a' && buffer[i] <= 'z')
            buffer[i] -= 'a' - 'A';
    say(buffer, size);
}

/* What to divide by zero does is the host's to see. */
__attribute__((export_name("ratio"))) int ratio(int a, int b) { return a / b; }
