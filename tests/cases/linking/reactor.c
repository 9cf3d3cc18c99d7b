/* A reactor is initialised once, when it is instantiated, and once more when it is reset.
   modules: reactor.wat
   out: 8 9
   out: error 14, trap 0, 0 frames, in ?
   out: 10
   out: 8
*/
#include "reactor.h"
#include "check.h"

static int next(reactor_t *reactor)
{
    int32_t value = -1;
    check(reactor_next(reactor, &value));
    return (int)value;
}

int main(void)
{
    reactor_t reactor;
    int first;
    check(reactor_instantiate(&reactor, NULL, NULL));
    first = next(&reactor);
    printf("%d %d\n", first, next(&reactor));
    show(reactor__initialize(&reactor));
    /* Hosts that know no better call this after they have instantiated. */
    check(prefab_instance_start(reactor.store, reactor.instance, NULL));
    printf("%d\n", next(&reactor));
    check(prefab_instance_reset(reactor.store, reactor.instance));
    printf("%d\n", next(&reactor));
    reactor_free(&reactor);
    return 0;
}
