"""Words in the code of a Vorbis stream: its own code books, so that they can stand in it.

A stream of Vorbis brings its code books along, and no encoder takes those of another: libav's has
its own and knows two channels only, and a chain of two streams is played badly or not at all. So
the words are encoded here, with the books of the stream they go before.
"""
