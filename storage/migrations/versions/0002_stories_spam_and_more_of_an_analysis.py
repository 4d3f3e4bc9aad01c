"""Stories, spam, and more of an analysis."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('story_bands',
    sa.Column('band', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('slot', sa.SmallInteger(), autoincrement=False, nullable=False),
    sa.Column('story_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('band', 'slot', name=op.f('pk_story_bands')),
    sqlite_with_rowid=False,
    )
    with op.batch_alter_table('analyses', schema=None) as batch_op:
        batch_op.add_column(sa.Column('dialect_confidence', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('lexicon_score', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('fingerprint', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('spam', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('author_id', _KEY, nullable=True))
        batch_op.create_index('ix_analyses_story_id_author_id', ['story_id', 'author_id'], unique=False)
        batch_op.create_index('ix_analyses_spam', ['mention_id'], unique=False, sqlite_where=sa.text('spam IS NOT NULL'), postgresql_where=sa.text('spam IS NOT NULL'))

