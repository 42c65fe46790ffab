#include <podfit/command.h>

int main(int argc, char **argv)
{
    return pf_command_main(argc, argv);
}
