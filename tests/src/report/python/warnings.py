

def warned(message, *where):
    events.append(f"{returning} returned its own Deferred")


returning = None  # what is about to do so
warnings.showwarning = warned
warnings.simplefilter("always")
