"""What stands in the documentation: blocks of commands."""
import re

NOT_RUN = re.compile(r'<!-- not run: (\S.*?) -->\n\Z')
FENCED = re.compile(r'^```.*?^```$', re.M | re.S)


def links(text):
    """Where the links and pictures of a page lead; what stands in code leads nowhere."""
    prose = re.sub(r'`[^`\n]*`', '', FENCED.sub('', text))
    return re.findall(r'\]\(([^)\s]+)\)', prose)


def anchors(text):
    """The names by which links reach the headings of a page, as GitHub and GitLab make them."""
    found = set()
    for heading in re.findall(r'^#{1,6} (.+?) *$', FENCED.sub('', text), re.M):
        name = re.sub(r'[^\w\- ]', '', re.sub(r'\]\([^)]*\)', ']', heading).lower()).replace(' ', '-')
        count = sum(1 for other in found if re.fullmatch(re.escape(name) + r'(-\d+)?', other))
        found.add('%s-%d' % (name, count) if count else name)
    return found


def shell_blocks(text):
    """Yield (first line number, commands, reason or None) of each ```sh block; the reason is the one in `<!-- not run: REASON -->` in the line before it."""
    for match in re.finditer(r'^```sh\n(.*?)^```$', text, re.M | re.S):
        reason = NOT_RUN.search(text[:match.start()])
        yield text.count('\n', 0, match.start()) + 2, commands_of(match.group(1)), reason.group(1) if reason else None


def commands_of(body):
    """The commands of a block, one a line unless it ends in a backslash; comments are left out."""
    commands = re.sub(r'\\\n', '\\\\\0', body).split('\n')
    return [command.replace('\0', '\n') for command in commands if command.strip() and not command.startswith('#')]
